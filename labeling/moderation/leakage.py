"""What belongs to the prompt and stands in a response: markers of chat templates, the system message, the question."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from labeling.moderation.findings import Finding
from labeling.moderation.subjects import Subject, Text

# ChatML, Llama 2 and 3, Gemma, Mistral, Phi, Zephyr, EXAONE, Alpaca, Vicuna and HH-RLHF transcripts.
MARKER = re.compile(
    r"<\|(?:im_start|im_end|im_sep|endoftext|eot_id|end_of_text|begin_of_text|start_header_id|end_header_id|system|user|"
    r"assistant|end|endofturn|pad)\|>"
    r"|\[\|(?:system|user|assistant|endofturn)\|\]"
    r"|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>"
    r"|^#{2,3} ?(?:Instruction|Input|Response):\s*$"
    r"|^(?:Human|Assistant|USER|ASSISTANT): ",
    re.MULTILINE,
)
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Leakage:
    """A response with a chat template's marker that its prompt does not speak of, with a run of words of the system
    message, or that begins by saying the question again.

    Attributes:
        system_words: how many words in a row of the system message are no accident.
        echo_characters: how long a question is before its repetition says anything.
    """

    system_words: int = 10
    echo_characters: int = 60

    name: ClassVar[str] = "leakage"
    reasons: ClassVar[tuple[str, ...]] = ("template_marker", "system_text", "echo")

    def find(self, subject: Subject) -> Iterator[Finding]:
        asked = "\n".join(text.content for text in subject.prompt)
        system = [text.content for text in subject.prompt if text.role == "system"]
        runs = {run for content in system for run in _runs(content, self.system_words)}
        question = subject.question.strip()
        for text in subject.responses:
            for match in MARKER.finditer(text.content):
                if match.group().strip() not in asked:
                    yield Finding(self.name, "template_marker", "high", text, match.start(), match.end())
                    break
            if runs:
                yield from self._system(text, runs)
            said = text.content.lstrip()
            if len(question) >= self.echo_characters and said.startswith(question):
                start = len(text.content) - len(said)
                yield Finding(self.name, "echo", "low", text, start, start + len(question))

    def _system(self, text: Text, runs: set[tuple[str, ...]]) -> Iterator[Finding]:
        words = list(WORD.finditer(text.content))
        keys = [word.group().lower() for word in words]
        hits = [
            at for at in range(len(keys) - self.system_words + 1) if tuple(keys[at : at + self.system_words]) in runs
        ]
        if hits:
            last = hits[0]
            while last + 1 in hits:
                last += 1
            end = words[last + self.system_words - 1].end()
            yield Finding(self.name, "system_text", "high", text, words[hits[0]].start(), end)


def _runs(content: str, length: int) -> Iterator[tuple[str, ...]]:
    words = [word.lower() for word in WORD.findall(content)]
    return (tuple(words[at : at + length]) for at in range(len(words) - length + 1))

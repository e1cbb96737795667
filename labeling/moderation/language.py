"""The language of a response beside that of its question, as far as the script tells: Korean, English, Russian, …

Languages of one script are not told apart: a French answer to an English question is not seen. In return nothing is
guessed, and short texts are as safe as long ones.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from labeling.moderation.findings import Finding
from labeling.moderation.subjects import Subject

SCRIPTS = (
    "LATIN", "HANGUL", "CJK", "HIRAGANA", "KATAKANA", "CYRILLIC", "ARABIC", "HEBREW", "GREEK", "DEVANAGARI", "THAI",
    "BENGALI", "TAMIL", "TELUGU", "GEORGIAN", "ARMENIAN",
)  # fmt: skip
JAPANESE = {"HIRAGANA", "KATAKANA"}
CODE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`|https?://\S+|\$[^$\n]*\$", re.DOTALL)
# A question that speaks of languages may want its answer in another one.
SPEAKS_OF_LANGUAGE = re.compile(
    r"\b(?:translat\w*|language|english|korean|hangul|japanese|chinese|mandarin|russian|spanish|french|german|arabic|"
    r"hindi|greek|hebrew|thai|latin)\b|번역|영어|영문|한국어|한글|국문|일본어|중국어|러시아어|스페인어|프랑스어|독일어|"
    r"불어|라틴어|아랍어|영작|외국어|언어|翻译|翻訳|英語|英语|перевод|перевед|англий",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Language:
    """A response in another script than its question, where the question does not speak of languages.

    Attributes:
        fewest_letters: of both texts, code and links left out.
        share: how much of a text's letters one script must have.
    """

    fewest_letters: int = 20
    share: float = 0.8

    name: ClassVar[str] = "language"
    reasons: ClassVar[tuple[str, ...]] = ("other_script",)

    def find(self, subject: Subject) -> Iterator[Finding]:
        asked = "\n".join(text.content for text in subject.prompt if text.role in ("system", "user"))
        expected = self._script(subject.question)
        if not expected or SPEAKS_OF_LANGUAGE.search(asked):
            return
        for text in subject.responses:
            found = self._script(text.content)
            if found and found != expected:
                figures = {"asked": expected, "answered": found}
                yield Finding(self.name, "other_script", "medium", text, figures=figures)

    def _script(self, content: str) -> str:
        """The script that a text is written in; "" where there are few letters or none prevails."""
        counts = scripts_of(CODE.sub(" ", content))
        letters = sum(counts.values())
        if letters < self.fewest_letters:
            return ""
        script, count = counts.most_common(1)[0]
        return script if count >= self.share * letters else ""


def scripts_of(content: str) -> Counter[str]:
    """How many letters of each script; with kana among them, Chinese characters are Japanese."""
    counts: Counter[str] = Counter()
    for character, times in Counter(content).items():
        if character.isalpha():
            counts[_script_of(character)] += times
    kana = sum(counts.pop(script, 0) for script in JAPANESE)
    if kana:
        counts["JAPANESE"] = kana + counts.pop("CJK", 0)
    return counts


@lru_cache(maxsize=20_000)
def _script_of(character: str) -> str:
    name = unicodedata.name(character, "")
    return next((script for script in SCRIPTS if name.startswith(script)), "OTHER")

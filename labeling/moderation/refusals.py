"""Responses that decline, found by how they begin. Patterns, for English and Korean; other languages are not seen."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from labeling.moderation.findings import Finding
from labeling.moderation.subjects import Subject

_CANNOT = (
    r"(?:can(?:no|['’ ])?t|could(?:n['’]t| not)|am (?:not able|unable)|['’]m (?:not able|unable)|won['’]t|will not)"
)
_HELP = (
    r"(?:help (?:you )?with|assist|provide|answer|comply|fulfill?|discuss|engage|create|generate|write|share|"
    r"offer|give (?:you )?(?:advice|instructions|information)|participate)"
)
_AM = r"I(?:['’]m| am)"
ENGLISH = (
    rf"\bI(?: really| simply| just)? ?{_CANNOT}(?: to)?(?: ethically| legally| in good conscience)? {_HELP}\b",
    rf"\b{_AM} (?:so |very )?sorry,? (?:but )?(?:I|that|this|as an)\b[^.]{{0,40}}\b"
    r"(?:can(?:no|['’])?t|unable|not able|won['’]t|against)\b(?! (?:think|understand|hear|see|find|remember|keep)\b)",
    r"\bas an? (?:AI|artificial intelligence)(?: language)?(?: model| assistant)?,? I "
    r"(?:can(?:no|['’])?t|am not able|am unable|must not|should not)\b",
    r"\bI (?:must|have to|will have to) (?:respectfully )?(?:decline|refuse)\b",
    rf"\b{_AM} not (?:comfortable|willing|going) (?:to |with )?(?:help|answer|discuss|provid|assist|shar|talk|giv)",
    r"\b(?:it (?:would be|is)|that(?:['’]s| is)) (?:against|not within) my "
    r"(?:programming|guidelines|policy|policies)\b",
)
KOREAN = (
    r"(?:도와|도움을?|답변|답|제공|알려|안내|말씀|설명|작성|추천)\s?(?:을|를|해)?\s?(?:드릴|드리기|할|하기|줄)\s?"
    r"(?:수\s?(?:가\s?)?없|어렵|곤란|불가)",
    r"(?:요청|질문|내용|주제)(?:에|은|는|을|에는)?\s?(?:대해서?는?\s?)?(?:응할|답할|대답할|따를|다룰)\s?수\s?없",
    r"(?:저는|나는)?\s?(?:AI|인공지능)\s?(?:언어\s?모델|모델|어시스턴트|챗봇)?(?:로서|이기 때문에|이므로|이라서?)"
    r"[^.]{0,40}(?:수\s?없|않습니다|어렵)",
    r"(?:죄송|미안)(?:하지만|합니다만|해요\s?만|합니다[.,]?)[^.\n]{0,60}(?:수\s?없|어렵|불가능)",
)
LONGEST = 200  # characters of a refusal
REFUSAL = re.compile("|".join((*ENGLISH, *KOREAN)), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response that says, near its beginning, that it will not or cannot answer. Often the right answer.

    Attributes:
        within_characters: how far from the beginning the refusal may begin.
    """

    within_characters: int = 200

    name: ClassVar[str] = "refusal"
    reasons: ClassVar[tuple[str, ...]] = ("declines",)

    def find(self, subject: Subject) -> Iterator[Finding]:
        for text in subject.responses:
            match = REFUSAL.search(text.content, 0, self.within_characters + LONGEST)
            if match and match.start() <= self.within_characters:
                yield Finding(self.name, "declines", "low", text, match.start(), match.end())

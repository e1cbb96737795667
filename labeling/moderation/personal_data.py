"""Personal data: telephone numbers by phonenumbers (Apache-2.0), and what has a form or a checksum of its own."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from labeling.moderation.checksums import is_iban, is_resident_number, passes_luhn
from labeling.moderation.findings import Finding, Severity
from labeling.moderation.subjects import Subject

EMAIL = re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}\b")
# Reserved for documentation (RFC 2606, RFC 6761), and what stands in for an address in a template.
EXAMPLE_DOMAIN = re.compile(
    r"(?:^|\.)(?:example\.(?:com|org|net)|example|test|invalid|localhost|domain\.com|email\.com|xxx+\.com)$"
)
CARD = re.compile(
    r"(?<![\w.-])(?:3[47]\d{2}[ -]?\d{6}[ -]?\d{5}"
    r"|(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6\d{3}|35\d{2})(?:[ -]?\d{4}){3})(?![\w-])"
)
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
RESIDENT_NUMBER = re.compile(r"(?<!\d)\d{6}[- ]?[0-9]\d{6}(?!\d)")
NO_DIGIT = re.compile(r"\D")
# Of numbers without a country's prefix: those of the regions that the interface speaks to.
REGIONS = ("KR", "US")
OWN_LINES = (0, 1, 2, 6, 7)  # PhoneNumberType: fixed, mobile, either of them, over the internet, personal
# Set apart for films and examples: no telephone of the North American plan rings there.
FICTIONAL = re.compile(r"^\+1\d{3}555\d{4}$")


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A text with an address, a telephone number, or the number of an account, a card or a person."""

    name: ClassVar[str] = "personal_data"
    reasons: ClassVar[tuple[str, ...]] = ("email", "phone", "card", "iban", "resident_number")

    def find(self, subject: Subject) -> Iterator[Finding]:
        for text in subject.texts:
            spans: list[tuple[int, int]] = []
            for reason, severity, find in _KINDS:
                for start, end in find(text.content):
                    if not any(start < other_end and other < end for other, other_end in spans):
                        spans.append((start, end))
                        yield Finding(self.name, reason, severity, text, start, end)


def _matches(pattern: re.Pattern[str], holds: Callable[[str], bool]) -> Callable[[str], Iterator[tuple[int, int]]]:
    def find(content: str) -> Iterator[tuple[int, int]]:
        return (match.span() for match in pattern.finditer(content) if holds(match.group()))

    return find


def phones(content: str) -> Iterator[tuple[int, int]]:
    """Where somebody's number stands, valid with its country's prefix or in one of REGIONS.

    Free and shared-cost lines belong to offices and are left out.
    """
    if sum(character.isdigit() for character in content) < 7:
        return
    from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher, format_number, number_type

    seen: set[int] = set()
    for region in REGIONS:
        for match in PhoneNumberMatcher(content, region, leniency=Leniency.STRICT_GROUPING):
            number = format_number(match.number, PhoneNumberFormat.E164)
            has_form = any(mark in match.raw_string for mark in "+-() .")
            is_office = number_type(match.number) not in OWN_LINES
            if has_form and not is_office and match.start not in seen and not FICTIONAL.match(number):
                seen.add(match.start)
                yield match.start, match.end


_KINDS: tuple[tuple[str, Severity, Callable[[str], Iterator[tuple[int, int]]]], ...] = (
    ("email", "medium", _matches(EMAIL, lambda said: not EXAMPLE_DOMAIN.search(said.rpartition("@")[2].lower()))),
    ("resident_number", "high", _matches(RESIDENT_NUMBER, lambda said: is_resident_number(NO_DIGIT.sub("", said)))),
    ("card", "high", _matches(CARD, lambda said: passes_luhn(NO_DIGIT.sub("", said)))),
    ("iban", "high", _matches(IBAN, lambda said: is_iban(said.replace(" ", "")))),
    ("phone", "medium", phones),
)

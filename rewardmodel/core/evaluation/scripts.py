"""The script that a prompt is written in, as far as a slice needs it. Languages of one script are not told apart."""

from collections import Counter

FEWEST_LETTERS = 10
LEAST_SHARE = 0.7
SAMPLE_CHARACTERS = 2000
# First code point of a block and the script of its letters, up to the next block.
BLOCKS = (
    (0x0000, "Latin"), (0x0370, "Greek"), (0x0400, "Cyrillic"), (0x0530, "Armenian"), (0x0590, "Hebrew"),
    (0x0600, "Arabic"), (0x0900, "Devanagari"), (0x0980, "Bengali"), (0x0A00, "other"), (0x0B80, "Tamil"),
    (0x0C00, "Telugu"), (0x0C80, "other"), (0x0E00, "Thai"), (0x0E80, "other"), (0x10A0, "Georgian"),
    (0x1100, "Hangul"), (0x1200, "other"), (0x1E00, "Latin"), (0x1F00, "Greek"), (0x2000, "other"),
    (0x3040, "Kana"), (0x3130, "Hangul"), (0x3190, "other"), (0x3400, "Han"), (0xA000, "other"), (0xAC00, "Hangul"),
    (0xD7B0, "other"), (0xF900, "Han"), (0xFB00, "other"), (0x20000, "Han"), (0x30000, "other"),
)  # fmt: skip


def script_of(text: str) -> str:
    """The script of most letters: "Latin", "Hangul", "Japanese", …; "" where letters are few or none prevails.

    With kana among them, Chinese characters are Japanese. The first 2,000 characters are looked at.
    """
    counts: Counter[str] = Counter()
    for character, times in Counter(text[:SAMPLE_CHARACTERS]).items():
        if character.isalpha():
            counts[_script(ord(character))] += times
    if kana := counts.pop("Kana", 0):
        counts["Japanese"] = kana + counts.pop("Han", 0)
    letters = sum(counts.values())
    if letters < FEWEST_LETTERS:
        return ""
    script, most = counts.most_common(1)[0]
    return script if most >= LEAST_SHARE * letters else ""


def _script(code_point: int) -> str:
    return next(script for first, script in reversed(BLOCKS) if code_point >= first)

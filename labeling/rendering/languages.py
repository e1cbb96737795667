"""Which language a text is in, as far as its letters tell: for fonts, line breaks and screen readers."""

import re

SCRIPTS = (
    ("ko", re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")),
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ar", re.compile(r"[\u0600-\u06ff\u0750-\u077f]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)


def language_of(text: str) -> str:
    """The language a text's letters point to ("ko", "ja", "ar", …), for fonts and line breaks; "" when Latin or mixed.

    One script must hold at least a tenth of the first 2,000 characters: a Korean answer is full of English words.
    """
    start = text[:2000]
    if start.isascii():
        return ""
    letters = sum(1 for character in start if character.isalpha()) or 1
    for language, script in SCRIPTS:
        if len(script.findall(start)) / letters > 0.1:
            return language
    return ""

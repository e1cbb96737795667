"""A prompt as a set of short runs of words, so that two prompts can be told to be nearly the same."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

SHINGLE_TOKENS = 3
# Chinese characters, kana and Hangul stand alone: no space parts the words of the first two, and Korean inflects its
# words until no two of a sentence are equal.
_TOKEN = re.compile("[\u2e80-\ud7a3\uf900-\ufaff]|[^\\W_\u2e80-\ud7a3\uf900-\ufaff]+")
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, odd


def prompt_text(messages: Iterable[Mapping[str, Any]]) -> str:
    """What a prompt asks: its messages but the system's, which many prompts share; that one if there is no other."""
    turns = list(messages)
    asked = [turn for turn in turns if turn["role"] != "system"] or turns
    return "\n".join(str(turn["content"]) for turn in asked)


def tokens_of(text: str) -> list[str]:
    """Words in small letters, one by one, and each Chinese, Japanese or Korean character for itself.

    A text without any (an emoji, a formula of signs) is taken character by character, white space left out.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _TOKEN.findall(plain) or [character for character in plain if not character.isspace()]


def shingles_of(text: str) -> NDArray[np.uint64]:
    """The set of all runs of three tokens, each as a number of 64 bits; of a shorter text the one run there is.

    Returns: distinct numbers in ascending order, the same on every machine; empty for a text without tokens.
    Source: Broder 1997, On the resemblance and containment of documents.
    """
    tokens = np.array([crc32(token.encode("utf-8", "surrogatepass")) for token in tokens_of(text)], dtype=np.uint64)
    if not len(tokens):
        return tokens
    width = min(SHINGLE_TOKENS, len(tokens))
    runs = np.full(len(tokens) - width + 1, width, dtype=np.uint64)
    for offset in range(width):
        runs = (runs ^ tokens[offset : offset + len(runs)]) * _MIX  # wraps at 2^64, as a hash should
        runs ^= runs >> np.uint64(29)
    return np.unique(runs)

"""TeX formulas as MathML that browsers draw without a script, or None where a formula cannot be drawn faithfully."""

import re
from html import escape, unescape
from itertools import zip_longest
from unicodedata import category
from xml.etree.ElementTree import Element

from labeling.rendering.cleaning import MATH_ATTRIBUTES, MATH_TAGS, MATH_VALUE

LONGEST_FORMULA_CHARACTERS = 4000
DEEPEST_BRACES = 40
# Definitions can be nested so that a short formula becomes an endless one; links and styles have no place here.
REFUSED = re.compile(
    r"\\(g?def|edef|xdef|let|newcommand|renewcommand|providecommand|require|href|url|style|class|html\w*)\b"
)
ROWS_ALIGNED = {"align", "align*", "aligned", "alignat", "alignat*", "alignedat", "split", "eqnarray", "eqnarray*"}
ROWS_CENTRED = {"gather", "gather*", "gathered", "multline", "multline*"}
DROPPED = {"equation", "equation*", "displaymath", "math"}
ENVIRONMENT = re.compile(r"\\(begin|end)\{([a-z]+\*?)\}(\{\d+\})?")
CHILDREN = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "mroot": 2, "msubsup": 3, "munderover": 3}
LIMITS = {
    "lim",
    "max",
    "min",
    "sup",
    "inf",
    "lim\u2009sup",
    "lim\u2009inf",
    "arg\u2009max",
    "arg\u2009min",
    "argmax",
    "argmin",
}
DELIMITERS = set("⟨⟩⌊⌋⌈⌉⟦⟧")
UPRIGHT = set("ΓΔΘΛΞΠΣΥΦΨΩ∞∇∂∅")  # letters, whatever the converter takes them for
SPACES = {"negativethinmathspace": "-0.167em", "thinmathspace": "0.167em"}
ROWS = {"mrow", "mtd", "mstyle", "msqrt"}
NAMED_OPERATOR = re.compile(r"[^\W\d_]{2,}")


class _CannotBeDrawn(Exception):
    """The formula holds something that would be drawn wrongly or not at all."""


def mathml_of(tex: str, *, is_displayed: bool) -> str | None:
    """A formula as a `<math>` element with the TeX in `alttext`; None if it is not understood as a whole."""
    if len(tex) > LONGEST_FORMULA_CHARACTERS or REFUSED.search(tex) or _depth(tex) > DEEPEST_BRACES:
        return None
    from latex2mathml.converter import convert_to_element  # reads its table of symbols when imported

    display = "block" if is_displayed else "inline"
    try:
        root = convert_to_element(_in_known_words(tex), display=display)
        inside = "".join(_write(child, is_displayed=is_displayed) for child in root)
    except Exception:  # its parser meets anything a person or a model can type, and fails in many ways
        return None
    return f'<math dir="ltr" display="{display}" alttext="{escape(" ".join(tex.split()))}">{inside}</math>'


def _depth(tex: str) -> int:
    depth = deepest = 0
    for token in re.finditer(r"\\.|[{}]", tex):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        deepest = max(deepest, depth)
    return max(deepest, tex.count(r"\left"), tex.count(r"\begin"))


def _in_known_words(tex: str) -> str:
    """The same formula in the commands that the converter knows."""
    tex = re.sub(r"\\label\{[^{}]*\}|\\nonumber\b|\\notag\b", "", tex)
    tex = re.sub(r"\\tag\*?\{([^{}]*)\}", r"\\qquad\\text{(\1)}", tex)
    tex = re.sub(r"\\\\\[[^\]]{0,12}\]", r"\\\\", tex)
    tex = re.sub(r"\\text\{([^{}$]*)\$([^{}$]*)\$([^{}$]*)\}", r"\\text{\1}\2\\text{\3}", tex)
    tex = re.sub(r"\\(?:mathrm|textrm|mathup)\{([A-Za-z0-9.,:-]+)\}", r"\\text{\1}", tex)
    tex = ENVIRONMENT.sub(_known_environment, tex)
    if r"\\" in tex and r"\begin" not in tex:
        tex = rf"\begin{{align*}}{tex}\end{{align*}}"
    return tex


def _known_environment(match: re.Match[str]) -> str:
    place, name, _columns = match.groups()
    if name in DROPPED:
        return ""
    if name in ROWS_ALIGNED:
        return rf"\{place}{{align*}}"
    if name in ROWS_CENTRED:
        return rf"\{place}{{matrix}}"
    return match[0].replace("dcases", "cases")


def _write(element: Element, *, is_displayed: bool) -> str:
    """An element of the converter's as HTML, with what it gets wrong put right. Raises: _CannotBeDrawn."""
    tag, children = element.tag, list(element)
    text = unescape(element.text or "")
    if tag not in MATH_TAGS or (tag in CHILDREN and len(children) != CHILDREN[tag]):
        raise _CannotBeDrawn
    if (tag in ("mi", "mo") and text.startswith("\\") and len(text) > 1) or text == "&":
        raise _CannotBeDrawn  # a command it does not know, or a column outside a table
    if tag == "mspace" and element.get("linebreak"):
        raise _CannotBeDrawn
    attributes = {name: SPACES.get(value, value) for name, value in element.attrib.items() if name in MATH_ATTRIBUTES}
    if text in DELIMITERS:
        tag, attributes["stretchy"] = "mo", attributes.get("stretchy", "false")
    elif text in UPRIGHT:
        tag, attributes["mathvariant"] = "mi", "normal"
    elif tag == "mi" and len(text) == 1 and category(text) == "Sm":
        tag = "mo"
    if tag in ("msub", "msubsup") and is_displayed and unescape(children[0].text or "") in LIMITS:
        tag = {"msub": "munder", "msubsup": "munderover"}[tag]
    written = "".join(
        f' {name}="{escape(value)}"' for name, value in sorted(attributes.items()) if MATH_VALUE.fullmatch(value)
    )
    inside = escape(text)
    for child, following in zip_longest(children, children[1:]):
        inside += _write(child, is_displayed=is_displayed)
        if tag in ROWS and following is not None and following.text != "&#x00028;" and _is_named_operator(child):
            inside += '<mspace width="0.167em"></mspace>'
    return f"<{tag}{written}>{inside}</{tag}>"


def _is_named_operator(element: Element) -> bool:
    """Whether this is `log`, `sin`, …, with or without an exponent: a name that is set apart from its argument."""
    base = element[0] if element.tag in ("msub", "msup", "msubsup") and len(element) else element
    return base.tag in ("mi", "mo") and NAMED_OPERATOR.fullmatch(unescape(base.text or "")) is not None

"""The allow-list: what is left of any HTML before a browser sees it, whatever came out of the parser."""

import re

import nh3

TAGS = {
    "a", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
# MathML Core without what links, acts or holds other markup: no maction, no semantics, no annotation-xml.
MATH_TAGS = {
    "math", "menclose", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom", "mprescripts",
    "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr",
    "munder", "munderover", "none",
}  # fmt: skip
MATH_ATTRIBUTES = {
    "accent", "accentunder", "alttext", "columnalign", "columnlines", "depth", "display", "displaystyle", "fence",
    "form", "height", "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "notation",
    "rowlines", "rspace", "scriptlevel", "stretchy", "voffset", "width",
}  # fmt: skip
MATH_VALUE = re.compile(r"[a-z][a-z -]{0,40}|[+-]?\d?(\.\d+)?(em|ex|px|pt)?|[+-]?\d{1,2}")
BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote"}
CODE_CLASS = re.compile(r"[a-z]{1,2}")
LINK = re.compile(r"(https?|mailto):", re.IGNORECASE)


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    """A value that may stay, or None. Links lead away from here: a relative one would be an address of our own."""
    if tag == "span":
        return value if CODE_CLASS.fullmatch(value) else None
    if attribute == "href":
        return value if LINK.match(value) else None
    if tag in MATH_TAGS and attribute not in ("alttext", "dir"):
        return value if MATH_VALUE.fullmatch(value) else None
    return value


_cleaner = nh3.Cleaner(
    tags=TAGS | MATH_TAGS,
    attributes={
        "*": set(),
        "a": {"href"},
        "span": {"class"},
        "ol": {"start"},
        **dict.fromkeys(MATH_TAGS, MATH_ATTRIBUTES),
    },
    tag_attribute_values={
        **{tag: {"dir": {"auto"}} for tag in BLOCKS},
        "p": {"dir": {"auto"}, "class": {"as-written"}},
        "code": {"dir": {"ltr"}},
        "math": {"dir": {"ltr"}},
        "div": {"dir": {"auto"}, "class": {"wide", "wide wide-math"}},
        "td": {"class": {"to-left", "to-center", "to-right"}},
        "th": {"class": {"to-left", "to-center", "to-right"}},
    },
    attribute_filter=_keep_attribute,
    set_tag_attribute_values={"a": {"target": "_blank"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


def clean(html: str) -> str:
    """The same HTML with nothing in it but harmless tags and attributes; `clean(clean(x)) == clean(x)`."""
    return _cleaner.clean(html)

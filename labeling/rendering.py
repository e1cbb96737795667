"""Text of models and people as HTML that cannot do anything: the one module that may mark a string as safe.

Markdown without raw HTML → an allow-list of tags and attributes → kept by content. What a model wrote never brings a
script, a style, a form, a remote picture or an attribute that htmx would obey.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

RENDERED_KEPT = 1024
LONGEST_MARKDOWN_CHARACTERS = 200_000
LONGEST_COLOURED_CHARACTERS = 20_000
TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
CODE_CLASS = re.compile(r"[a-z][a-z0-9]{0,3}")
SCRIPTS = (
    ("ko", re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")),
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ar", re.compile(r"[\u0600-\u06ff\u0750-\u077f]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)


def _colour(code: str, language: str, _attributes: str) -> str:
    """Code with Pygments class names, or `""` to let the renderer escape it plainly."""
    if not language or len(code) > LONGEST_COLOURED_CHARACTERS:
        return ""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return highlight(code, lexer, HtmlFormatter(nowrap=True))


def _picture_as_link(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    """A picture becomes a link to it: loading it would tell a stranger's server who is reading."""
    token = tokens[index]
    label = renderer.renderInlineAsText(token.children or [], _options, _env) or token.attrs.get("src", "")
    return f'<a href="{escape(str(token.attrs.get("src", "")))}">▧ {escape(str(label))}</a>'


def _parser(*, keeps_lines: bool) -> MarkdownIt:
    options = {"html": False, "breaks": keeps_lines, "linkify": False, "highlight": _colour}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    parser.add_render_rule("image", _picture_as_link)
    return parser


_model_output = _parser(keeps_lines=True)
_written_text = _parser(keeps_lines=False)


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class":
        return value if tag == "span" and CODE_CLASS.fullmatch(value) else None
    return value if attribute in ("href", "rel", "target", "start") else None


@lru_cache(maxsize=RENDERED_KEPT)
def render_markdown(text: str, *, keeps_lines: bool = True) -> SafeString:
    """Markdown of any origin as harmless HTML; text of more than 200,000 characters is shown as it is.

    Links open in another tab, carry `noopener noreferrer nofollow`, and lead to http, https or mailto only. A model's
    line breaks are kept, because models write lists and verse without Markdown; guidelines, which people wrap at the
    edge of their editor, are rendered with `keeps_lines=False`.
    """
    if len(text) > LONGEST_MARKDOWN_CHARACTERS:
        return mark_safe(f"<p>{escape(text)}</p>")  # noqa: S308 - escaped
    cleaned = nh3.clean(
        (_model_output if keeps_lines else _written_text).render(text),
        tags=TAGS,
        attributes={"a": {"href"}, "span": {"class"}, "ol": {"start"}},
        attribute_filter=_keep_attribute,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(cleaned)  # noqa: S308 - what nh3 let through


def language_of(text: str) -> str:
    """The language a text's letters point to ("ko", "ja", "ar", …), for fonts and line breaks; "" when Latin or mixed.

    One script must hold at least a tenth of the first 2,000 characters: a Korean answer is full of English words.
    """
    start = text[:2000]
    letters = sum(1 for character in start if character.isalpha()) or 1
    for language, script in SCRIPTS:
        if len(script.findall(start)) / letters > 0.1:
            return language
    return ""

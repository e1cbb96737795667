"""Markdown of any origin as harmless HTML, with the language its letters point to."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from html import escape

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from labeling.rendering.budget import Budget, OutOfBudget
from labeling.rendering.cleaning import clean
from labeling.rendering.colours import colour
from labeling.rendering.formulas import add_formulas
from labeling.rendering.keeping import KeptBySize
from labeling.rendering.languages import language_of

KEPT_BYTES = 32 * 1024**2
LONGEST_MARKDOWN_CHARACTERS = 200_000
PARSE_SECONDS = 1.0
DEEPEST_BLOCK = 60  # quotes and lists inside each other; the parser would drop what lies deeper than its own limit
TASK_BOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
DIRECTED = {"paragraph_open", "heading_open", "bullet_list_open", "ordered_list_open", "blockquote_open"}


@dataclass(frozen=True)
class Rendered:
    """A text as HTML, and the language it seems to be in ("" when Latin or mixed)."""

    html: SafeString
    language: str


_kept: KeptBySize[Rendered] = KeptBySize(KEPT_BYTES, lambda rendered: sys.getsizeof(rendered.html))


def render(text: str, *, keeps_lines: bool = True) -> Rendered:
    """Markdown of any origin as harmless HTML; a text that is too long or too slow to parse is shown as it was written.

    Links open in another tab, carry `noopener noreferrer nofollow`, and lead to http, https or mailto only. A model's
    line breaks are kept, because models write lists and verse without Markdown; guidelines, which people wrap at the
    edge of their editor, are rendered with `keeps_lines=False`. Each block of the first level finds its own direction.
    """
    key = blake2b(
        text.encode("utf-8", "surrogatepass"), digest_size=16, person=b"lines" if keeps_lines else b""
    ).digest()
    rendered = _kept.get(key)
    if rendered is None:
        html = _render(text, _model_output if keeps_lines else _written_text)
        rendered = Rendered(mark_safe(html), language_of(text))  # noqa: S308 - what the allow-list let through
        _kept.put(key, rendered)
    return rendered


def render_markdown(text: str, *, keeps_lines: bool = True) -> SafeString:
    """The HTML of `render` alone."""
    return render(text, keeps_lines=keeps_lines).html


def _render(text: str, parser: MarkdownIt) -> str:
    if len(text) <= LONGEST_MARKDOWN_CHARACTERS:
        try:
            return clean(parser.render(text, {"budget": Budget(PARSE_SECONDS)}))
        except (OutOfBudget, RecursionError):
            pass
    return f'<p class="as-written" dir="auto">{escape(text)}</p>'


class _Renderer(RendererHTML):
    """How tokens are written where we differ from CommonMark."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        language = token.info.strip().split(maxsplit=1)[0] if token.info.strip() else ""
        coloured = colour(token.content, language.strip("{}."), env["budget"])
        return f'<pre><code dir="ltr">{coloured or escape(token.content)}</code></pre>\n'

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<pre><code dir="ltr">{escape(tokens[idx].content)}</code></pre>\n'

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """A picture becomes a link to it: loading it would tell a stranger's server who is reading."""
        token = tokens[idx]
        address = str(token.attrs.get("src", ""))
        label = self.renderInlineAsText(token.children or [], options, env) or address
        return f'<a href="{escape(address)}">▧ {escape(label)}</a>'

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return '<div class="wide" dir="auto">\n<table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table>\n</div>\n"


def _spend_block(state: StateBlock, _start: int, _end: int, _silent: bool) -> bool:
    state.env["budget"].spend()
    if state.level > DEEPEST_BLOCK:
        raise OutOfBudget
    return False


def _spend_inline(state: StateInline, _silent: bool) -> bool:
    state.env["budget"].spend()
    return False


def _finish(state: StateCore) -> None:
    """Directions, alignments by class instead of style, and the boxes of task lists."""
    for index, token in enumerate(state.tokens):
        if token.level == 0 and token.type in DIRECTED:
            token.attrSet("dir", "auto")
        if token.type in ("th_open", "td_open") and token.attrs:
            token.attrs = {"class": str(token.attrs["style"]).replace("text-align:", "to-")}
        if (
            token.type == "inline"
            and token.content[:4] in TASK_BOXES
            and state.tokens[index - 2].type == "list_item_open"
        ):
            first = (token.children or [])[0]
            first.content = TASK_BOXES[token.content[:4]] + first.content[4:]
        for child in token.children or ():
            if child.type == "code_inline":
                child.attrSet("dir", "ltr")


def _parser(*, keeps_lines: bool) -> MarkdownIt:
    options = {"html": False, "breaks": keeps_lines, "linkify": False, "maxNesting": DEEPEST_BLOCK + 20}
    parser = MarkdownIt("commonmark", options, renderer_cls=_Renderer).enable(["table", "strikethrough"])
    add_formulas(parser)
    parser.block.ruler.before("table", "budget", _spend_block)
    parser.inline.ruler.before("text", "budget", _spend_inline)
    parser.core.ruler.push("finish", _finish)
    return parser


_model_output = _parser(keeps_lines=True)
_written_text = _parser(keeps_lines=False)

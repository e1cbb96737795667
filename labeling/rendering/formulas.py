r"""Formulas inside Markdown: `$…$`, `$$…$$`, `\(…\)`, `\[…\]` and bare environments, found here and set by `mathml`.

Dollars are money more often than mathematics. `$…$` is a formula only where nothing but the formula touches them: no
space inside, no letter or digit outside, and no sentence between them.
"""

import re
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from labeling.rendering.mathml import LONGEST_FORMULA_CHARACTERS, mathml_of

LONGEST_FORMULA_LINES = 80
CLOSERS = {"$$": "$$", "$": "$", r"\(": r"\)", r"\[": r"\]"}
IS_DISPLAYED = {"$$", r"\["}
ENVIRONMENT = re.compile(r"\\begin\{(align|aligned|alignat|equation|gather|gathered|multline|eqnarray|split)(\*?)\}")
SIGN_OF_MATHEMATICS = re.compile(r"[\\^_=+<>{}|*/]")
STRONG_SIGN = re.compile(r"[\\^_={}]")
WORD_IN_A_SENTENCE = re.compile(r"\s[^\W\d_]{3,}")
AFTER_A_DISPLAY = re.compile(r"[.,;:]?\s*$")


def add_formulas(parser: MarkdownIt) -> None:
    """Teach a parser to find formulas. Its `env` must hold the budget."""
    before: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("fence", "formula", _block, before)
    parser.inline.ruler.before("escape", "formula", _inline)
    parser.add_render_rule("formula", _write)
    parser.add_render_rule("formula_block", _write_block)


def _write(renderer: RendererProtocol, tokens: list[Token], index: int, _options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    env["budget"].spend()
    formula = mathml_of(token.content, is_displayed=token.info == "display")
    return formula or f'<code dir="ltr">{escape(token.markup)}</code>'


def _write_block(
    renderer: RendererProtocol, tokens: list[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return f'<div class="wide wide-math">{_write(renderer, tokens, index, options, env)}</div>\n'


def _inline(state: StateInline, silent: bool) -> bool:
    text, start = state.src, state.pos
    opener = text[start : start + 2]
    if opener not in CLOSERS:
        opener = opener[:1]
    if opener not in CLOSERS:
        return False
    begin = start + len(opener)
    end = _closer(text, begin, min(state.posMax, begin + LONGEST_FORMULA_CHARACTERS), CLOSERS[opener])
    if end == -1:
        return False
    content, after = text[begin:end], end + len(CLOSERS[opener])
    if not content.strip() or not _is_formula(opener, content, text[start - 1 : start], text[after : after + 1]):
        return False
    if not silent:
        token = state.push("formula", "math", 0)
        token.content, token.markup = content, text[start:after]
        token.info = "display" if opener in IS_DISPLAYED else ""
    state.pos = after
    return True


def _closer(text: str, begin: int, limit: int, closer: str) -> int:
    """Where the formula ends, or -1: the next closer that no backslash takes for itself."""
    position = text.find(closer, begin, limit)
    while position > begin and closer[0] == "$":
        slashes = position - len(text[begin:position].rstrip("\\")) - begin
        if slashes % 2 == 0:
            break
        position = text.find(closer, position + 1, limit)
    return position


def _is_formula(opener: str, content: str, before: str, after: str) -> bool:
    if opener == "$":
        touches = content[0].isspace() or content[-1].isspace() or _is_ascii_word(before) or _is_ascii_word(after)
        is_sentence = WORD_IN_A_SENTENCE.search(content) is not None and not STRONG_SIGN.search(content)
        return not touches and not is_sentence
    if opener == r"\[":  # in Markdown also a bracket that is none of a link's
        return (len(content.strip()) == 1 and content.strip().isalpha()) or bool(SIGN_OF_MATHEMATICS.search(content))
    return True


def _is_ascii_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A formula on lines of its own, closed within a few lines and without an empty one between."""
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    environment = ENVIRONMENT.match(first)
    opener = "" if environment else first[:2]
    if state.is_code_block(start) or not (environment or opener in IS_DISPLAYED):
        return False
    closer = environment[0].replace("begin", "end", 1) if environment else CLOSERS[opener]
    lines = _lines_until(closer, state, start, min(end, start + LONGEST_FORMULA_LINES), len(opener))
    if not lines:
        return False
    raw = "\n".join(lines)
    inside, _closer_itself, after = raw[len(opener) :].rpartition(closer)
    content = inside + closer if environment else inside
    if not AFTER_A_DISPLAY.match(after) or not content.strip() or (opener and not _is_formula(opener, content, "", "")):
        return False
    if not silent:
        token = state.push("formula_block", "math", 0)
        token.content, token.markup, token.info = content + after.strip(), raw, "display"
        token.map = [start, start + len(lines)]
    state.line = start + len(lines)
    return True


def _lines_until(closer: str, state: StateBlock, start: int, end: int, begin: int) -> list[str]:
    """The lines of a block from `start` to the one that holds `closer`, without their margins; none if it is not there.

    Args:
        begin: how many characters of the first line are the opener's, and do not close.
    """
    lines: list[str] = []
    for line in range(start, end):
        state.env["budget"].spend()
        if line > start and (state.isEmpty(line) or state.sCount[line] < state.blkIndent):
            break
        lines.append(state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]])
        if closer in lines[-1][begin:]:
            return lines
        begin = 0
    return []

"""What models wrote becomes HTML that does nothing, in bounded time."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.rendering import LONGEST_MARKDOWN_CHARACTERS, language_of, render, render_markdown
from labeling.rendering.budget import Budget, OutOfBudget
from labeling.rendering.cleaning import clean
from labeling.rendering.colours import LANGUAGES, colour
from labeling.rendering.keeping import KeptBySize
from labeling.rendering.mathml import LONGEST_FORMULA_CHARACTERS, mathml_of

HARMLESS_TAGS = {
    "a", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
    "math", "menclose", "mfrac", "mi", "mn", "mo", "mover", "mpadded", "mphantom", "mroot", "mrow", "mspace", "msqrt",
    "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
}  # fmt: skip
HARMLESS_ATTRIBUTES = {
    "href", "rel", "target", "class", "start", "dir", "display", "alttext", "stretchy", "fence", "form", "accent",
    "width", "height", "depth", "lspace", "voffset", "notation", "columnalign", "displaystyle", "scriptlevel",
    "mathvariant", "linethickness", "minsize", "maxsize", "movablelimits", "columnlines", "rowlines",
}  # fmt: skip

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![pixel](https://tracker.example.org/p.png)",
    "![x](javascript:alert(1))",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click](vbscript:x)",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>body{display:none}</style>",
    "<form action=/accounts/logout/ method=post><button>win</button></form>",
    "<input autofocus onfocus=alert(1)>",
    '<div hx-get="/admin/" hx-trigger="load">x</div>',
    '<b data-hx-post="/projects/new/">x</b>',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<svg onload=alert(1)>",
    "<math><mtext></table><mglyph><style><img src=x onerror=alert(1)>",
    '```"><script>alert(1)</script>\ncode\n```',
    "```html\n<script>alert(1)</script>\n```",
    "[a]: javascript:alert(1)\n[a]",
    "<base href=https://evil.example.org/>",
    "<meta http-equiv=refresh content=0;url=https://evil.example.org/>",
    "`<script>`<!--><script>alert(1)</script>-->",
    "\x00<scr\x00ipt>alert(1)</script>",
    '"onmouseover="alert(1)',
    '[x](https://example.org "title\\" onclick=alert(1)")',
    "[home](/accounts/logout/)",
    "[home](//evil.example.org/)",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\style{position:fixed}{x}$ $\class{button}{x}$",
    r"$\text{<script>alert(1)</script>}$",
    r"""$\text{</mtext></math><img src=x onerror=alert(1)>"'}$""",
    r"\[ \text{<style><img src=x onerror=alert(1)>} \]",
    r"$$\unicode{x3c}script\unicode{x3e}$$",
    "$&lt;img src=x onerror=alert(1)&gt;$",
    "<math><annotation-xml encoding='text/html'><script>alert(1)</script></annotation-xml></math>",
    "<math><maction actiontype='statusline' xlink:href='javascript:alert(1)'>x</maction></math>",
    "```<img src=x onerror=alert(1)>\nx\n```",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "- [ ] <img src=x onerror=alert(1)>",
]


class Reader(HTMLParser):
    """Collects every tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


class Text(HTMLParser):
    """Collects what is read between the tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("keeps_lines", [True, False])
def test_hostile_text_keeps_its_words_and_loses_its_teeth(text: str, keeps_lines: bool) -> None:
    for tag, attributes in Reader(render_markdown(text, keeps_lines=keeps_lines)).tags:
        assert tag in HARMLESS_TAGS
        assert set(attributes) <= HARMLESS_ATTRIBUTES
        assert (attributes.get("href") or "https:").split(":")[0] in ("http", "https", "mailto")


@pytest.mark.parametrize(
    "html",
    [
        "<math><annotation-xml encoding='text/html'><style><img src=x onerror=alert(1)></style></annotation-xml>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
        "<math href='javascript:alert(1)' onclick='x' style='x' xlink:href='y'><mi mathcolor='white' href='x'>a</mi>",
        "<math><mspace width='9999em'></mspace><mspace width='url(x)'></mspace></math>",
        "<p dir='rtl' id='x' hx-get='/'>a</p><div class='answer-bar'>b</div><span class='button'>c</span>",
    ],
)
def test_the_allow_list_alone_disarms_what_no_parser_of_ours_would_write(html: str) -> None:
    cleaned = clean(html)
    for tag, attributes in Reader(cleaned).tags:
        assert tag in HARMLESS_TAGS
        assert set(attributes) <= HARMLESS_ATTRIBUTES
        assert not {"href", "hx-get"} & set(attributes)
        assert attributes.get("dir") in (None, "auto", "ltr")
        assert attributes.get("class") in (None, "wide")
        assert "9999" not in (attributes.get("width") or "")
    assert clean(cleaned) == cleaned


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="$\\()[]{}`*_~#>|-<&\"' \na1x^=\u202e가ع", max_size=120))
def test_whatever_is_typed_is_rendered_into_harmless_html(text: str) -> None:
    html = render_markdown(text)
    for tag, attributes in Reader(html).tags:
        assert tag in HARMLESS_TAGS
        assert set(attributes) <= HARMLESS_ATTRIBUTES
    assert clean(html) == html


def test_links_say_nothing_about_who_followed_them() -> None:
    [_, (_, attributes)] = Reader(render_markdown("[docs](https://example.org/)")).tags
    assert attributes == {
        "href": "https://example.org/",
        "target": "_blank",
        "rel": "noopener noreferrer nofollow",
    }


def test_a_remote_picture_becomes_a_link_so_that_nothing_is_loaded() -> None:
    html = render_markdown("![a chart](https://example.org/chart.png)")
    assert "<img" not in html
    assert "a chart</a>" in html


def test_code_gets_colours_by_class_and_unknown_languages_stay_plain() -> None:
    assert '<span class="k">return</span>' in render_markdown("```python\nreturn 1\n```")
    assert "<span" not in render_markdown("```nonsense\nreturn 1\n```")
    assert "style=" not in render_markdown("```python\nreturn 1\n```")


def test_tables_lists_and_emphasis_are_rendered() -> None:
    html = render_markdown("| a | b |\n|---|---|\n| 1 | **2** |\n\n3. three")
    assert '<div class="wide" dir="auto">\n<table>' in html
    assert "<strong>2</strong>" in html
    assert '<ol start="3" dir="auto">' in html
    assert render_markdown("~~gone~~") == '<p dir="auto"><s>gone</s></p>\n'
    assert render_markdown("> a\n>> b\n>>> c").count("<blockquote") == 3


def test_columns_of_a_table_keep_their_alignment_without_a_style() -> None:
    html = render_markdown("| a | b |\n|:-:|--:|\n| 1 | 2 |")
    assert html.count('class="to-center"') == html.count('class="to-right"') == 2
    assert "style" not in html


def test_a_task_list_shows_its_boxes_and_no_control() -> None:
    html = render_markdown("- [ ] open\n- [x] done\n\n[x] in a paragraph is text")
    assert "<li>☐ open</li>" in html
    assert "<li>☑ done</li>" in html
    assert "[x] in a paragraph" in html
    assert "<input" not in html


def test_a_models_line_breaks_are_kept_and_an_editors_are_not() -> None:
    assert "<br>" in render_markdown("roses are red\nviolets are blue")
    assert "<br>" not in render_markdown("wrapped at\nthe margin", keeps_lines=False)


def test_each_block_finds_its_own_direction_and_code_keeps_its() -> None:
    html = render_markdown("مرحبا `x = 1`\n\nHello\n\n- واحد\n\n> اقتباس\n\n```\nx\n```")
    assert '<p dir="auto">مرحبا <code dir="ltr">x = 1</code></p>' in html
    assert '<ul dir="auto">\n<li>واحد</li>' in html  # a direction on the item would hide it from the list's own
    assert '<blockquote dir="auto">\n<p>اقتباس</p>' in html
    assert '<pre><code dir="ltr">x' in html


# ---- formulas --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "formula", "display"),
    [
        ("so $x^2$.", "x^2", "inline"),
        (r"so \(x^2\).", "x^2", "inline"),
        ("so $$x^2$$ and", "x^2", "block"),
        (r"so \[x^2\] and", "x^2", "block"),
        ("so\n$$\nx^2\n$$\nand", "x^2", "block"),
        ("so\n\\[\nx^2\n\\]\nand", "x^2", "block"),
        ("> so\n> $$\n> x^2\n> $$", "x^2", "block"),
        ("1. so\n\n   \\[\n   x^2\n   \\]", "x^2", "block"),
        ("\\begin{equation}\nx^2\n\\end{equation}", r"\begin{equation} x^2 \end{equation}", "block"),
        ("값은 $x^2$는", "x^2", "inline"),
        (r"the \$5 kind, $x^2$", "x^2", "inline"),
        (r"$x^2 \text{ costs \$5}$", r"x^2 \text{ costs \$5}", "inline"),
    ],
)
def test_a_formula_becomes_mathml_with_its_source_beside(text: str, formula: str, display: str) -> None:
    [(_, attributes)] = [found for found in Reader(render_markdown(text)).tags if found[0] == "math"]
    assert attributes == {"dir": "ltr", "display": display, "alttext": formula}
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in render_markdown(text)


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $10",
        "It costs $5, or $10 for two.",
        "$5-$10",
        "US$5 and CA$6",
        "$HOME/$USER",
        "echo $PATH and $HOME",
        "$5 for adults and 3$ for children",
        "$ x $",
        "$$",
        "$",
        "a $x",
        r"\[link\]",
        r"\[1\]",
        r"\$x\$",
        "`$x$`",
        "```\n$x$\n```",
        "    $$\n    x\n    $$",
        "$$\n\nx\n\n$$",
    ],
)
def test_money_shell_variables_and_code_are_no_formulas(text: str) -> None:
    assert "<math" not in render_markdown(text)


@pytest.mark.parametrize(
    "formula",
    [
        r"\nosuchcommand{x}",
        r"\frac{a}",
        r"x & y",
        r"\begin{align} a",
        "{" * 60 + "x" + "}" * 60,
        r"\newcommand{\a}{\a\a}\a",
        r"\def\a{\b\b}\def\b{\c\c}\a",
        "}{",
        "x" * LONGEST_FORMULA_CHARACTERS + "^2",
        r"\left(" * 300,
    ],
)
def test_a_formula_that_cannot_be_drawn_is_shown_as_its_source(formula: str) -> None:
    assert mathml_of(formula, is_displayed=False) is None
    html = render_markdown(f"so \\({formula}\\)")
    assert "<math" not in html
    assert formula.replace("&", "&amp;")[:40] in html


def test_the_formulas_that_models_write_are_drawn() -> None:
    for formula in (
        r"\begin{aligned} a &= b + c \\ &= d \end{aligned}",
        r"\begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}",
        r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}",
        r"\nabla_\theta J(\theta) = \mathbb{E}_{\tau \sim \pi_\theta}\left[ \sum_{t=0}^{T} R(\tau) \right]",
        r"P(A \mid B) = \frac{P(B \mid A)\,P(A)}{P(B)}",
        r"\boxed{x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}} \tag{1}",
        r"\operatorname{softmax}(z)_i = \frac{e^{z_i}}{\sum_j e^{z_j}}",
        r"a = b \\ c = d",
    ):
        assert mathml_of(formula, is_displayed=True), formula


def test_what_the_converter_gets_wrong_is_put_right() -> None:
    assert "<munder><mo>lim</mo>" in (mathml_of(r"\lim_{x \to 0} x", is_displayed=True) or "")
    assert "<msub><mo>lim</mo>" in (mathml_of(r"\lim_{x \to 0} x", is_displayed=False) or "")
    assert '<mi>log</mi><mspace width="0.167em">' in (mathml_of(r"\log p", is_displayed=False) or "")
    assert "<mtext>d</mtext>" in (mathml_of(r"\mathrm{d}x", is_displayed=False) or "")
    assert '<mo stretchy="false">⟨</mo>' in (mathml_of(r"\langle x \rangle", is_displayed=False) or "")


# ---- time and space --------------------------------------------------------------------------------------------------


def test_very_long_text_is_shown_as_it_was_written() -> None:
    html = render_markdown("<b>\n" + "x" * LONGEST_MARKDOWN_CHARACTERS)
    assert html.startswith('<p class="as-written" dir="auto">&lt;b&gt;\nxxx')


@pytest.mark.parametrize("piece", ["[", "![", "*_", "[a][", "\n1. a", "\n|-", "\n\\[", r"$x^2_{1}$ ", "[[a]"])
def test_text_written_to_exhaust_the_parser_is_cut_off_and_shown_whole(piece: str) -> None:
    text = piece * (LONGEST_MARKDOWN_CHARACTERS // len(piece))
    html = render_markdown(text)  # without the budget, minutes
    assert len(html) >= len(text) / 2


@pytest.mark.parametrize(
    "text",
    [
        "> " * 10_000 + "end",
        "- " * 10_000 + "end",
        "[a](" * 9_000 + "end",
        "\n".join(">" * n + "end" for n in range(500)),
    ],
)
def test_nesting_of_any_depth_is_survived(text: str) -> None:
    assert "end" in render_markdown(text)


def test_the_budget_counts_this_threads_own_time() -> None:
    spent = Budget(seconds=-1.0)
    with pytest.raises(OutOfBudget):
        _spend_all(spent)
    _spend_all(Budget(seconds=60.0))


def _spend_all(budget: Budget) -> None:
    for _ in range(1000):
        budget.spend()


def test_a_text_rendered_once_is_kept_and_both_ways_are_told_apart() -> None:
    text = "kept\nonce"
    assert render(text) is render(text)
    assert render(text, keeps_lines=False).html != render(text).html


def test_what_is_kept_stays_below_its_limit_and_the_least_used_goes_first() -> None:
    kept: KeptBySize[str] = KeptBySize(10, len)
    kept.put(b"a", "aaaa")
    kept.put(b"b", "bbbb")
    assert kept.get(b"a") == "aaaa"
    kept.put(b"c", "cccc")
    assert (kept.get(b"a"), kept.get(b"b"), kept.get(b"c")) == ("aaaa", None, "cccc")
    kept.put(b"d", "d" * 11)
    assert kept.get(b"d") is None
    assert kept.held_bytes == 8


def test_every_language_that_is_coloured_has_a_lexer() -> None:
    for name in LANGUAGES:
        assert "x" in colour("x = 1\n", name, Budget(seconds=60.0))


def test_colouring_loses_no_character() -> None:
    code = "\n\n  def f(a):  # <b>\n\treturn 'é' & a\n\n"
    assert "".join(Text(colour(code, "python", Budget(seconds=60.0))).pieces) == code


def test_neither_lexers_nor_the_formula_converter_are_loaded_before_they_are_needed() -> None:
    seen = (
        "import sys, labeling.rendering\n"
        "print('latex2mathml' in sys.modules, 'pygments.lexers.python' in sys.modules)\n"
        "labeling.rendering.render_markdown('```python\\nx\\n``` \\n\\n $x$')\n"
        "print(*(name in sys.modules for name in ('latex2mathml', 'pygments.lexers.python', 'pygments.lexers.jvm')))"
    )
    root = Path(__file__).parents[2]
    printed = subprocess.run([sys.executable, "-c", seen], cwd=root, capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["False", "False", "True", "True", "False"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Plain English.", ""),
        ("파이썬 3.7부터 dict의 key는 넣은 순서를 지킵니다.", "ko"),
        ("これは日本語です。", "ja"),
        ("这是中文。", "zh"),
        ("هذا نص عربي", "ar"),
        ("זה טקסט בעברית", "he"),
        ("Это русский текст", "ru"),
        ("Αυτό είναι κείμενο", "el"),
        ("An English answer that mentions 김치 once in a long sentence.", ""),
        ("", ""),
    ],
)
def test_the_language_is_told_by_its_letters(text: str, language: str) -> None:
    assert language_of(text) == language

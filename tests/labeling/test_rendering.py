"""What models wrote becomes HTML that does nothing."""

from html.parser import HTMLParser

import pytest

from labeling.rendering import LONGEST_MARKDOWN_CHARACTERS, language_of, render_markdown

HARMLESS_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
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
]


class Reader(HTMLParser):
    """Collects every tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("keeps_lines", [True, False])
def test_hostile_text_keeps_its_words_and_loses_its_teeth(text: str, keeps_lines: bool) -> None:
    for tag, attributes in Reader(render_markdown(text, keeps_lines=keeps_lines)).tags:
        assert tag in HARMLESS_TAGS
        assert set(attributes) <= {"href", "rel", "target", "class", "start"}
        assert (attributes.get("href") or "https:").split(":")[0] in ("http", "https", "mailto")


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
    assert "<table>" in html
    assert "<strong>2</strong>" in html
    assert '<ol start="3">' in html


def test_a_models_line_breaks_are_kept_and_an_editors_are_not() -> None:
    assert "<br>" in render_markdown("roses are red\nviolets are blue")
    assert "<br>" not in render_markdown("wrapped at\nthe margin", keeps_lines=False)


def test_very_long_text_is_shown_escaped_instead_of_parsed() -> None:
    html = render_markdown("<b>" + "x" * LONGEST_MARKDOWN_CHARACTERS)
    assert html.startswith("<p>&lt;b&gt;xxx")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Plain English.", ""),
        ("파이썬 3.7부터 dict의 key는 넣은 순서를 지킵니다.", "ko"),
        ("これは日本語です。", "ja"),
        ("这是中文。", "zh"),
        ("هذا نص عربي", "ar"),
        ("זה טקסט בעברית", "he"),
        ("An English answer that mentions 김치 once in a long sentence.", ""),
        ("", ""),
    ],
)
def test_the_language_is_told_by_its_letters(text: str, language: str) -> None:
    assert language_of(text) == language

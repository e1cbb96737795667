"""Code in colours: class names that the stylesheet knows; a lexer is imported when its language first comes."""

from html import escape
from typing import Any

from labeling.rendering.budget import Budget

LONGEST_COLOURED_CHARACTERS = 10_000
# Languages that models write, by the names they give them. Other lexers are never loaded: each is a set of regular
# expressions that hostile text may be written against.
LANGUAGES = frozenset({
    "bash", "sh", "shell", "zsh", "powershell", "batch", "python", "py", "python3", "pycon",
    "javascript", "js", "jsx", "typescript", "ts", "tsx", "json", "html", "xml", "css", "scss", "sass", "sql",
    "postgresql", "mysql", "sqlite3", "java", "kotlin", "swift", "c", "cpp", "c++", "csharp", "c#", "cs", "fsharp",
    "go", "golang", "rust", "rs", "ruby", "rb", "php", "perl", "r", "julia", "matlab", "octave", "scala", "groovy",
    "lua", "haskell", "hs", "elixir", "erlang", "clojure", "lisp", "scheme", "dart", "objective-c", "objectivec",
    "yaml", "yml", "toml", "ini", "dockerfile", "docker", "makefile", "make", "cmake", "diff", "latex", "tex", "nginx",
    "graphql", "protobuf", "solidity", "zig", "nix", "fortran", "pascal", "vb.net",
})  # fmt: skip
# The family of a token → its class. What is in none of them (names, punctuation, space) stays plain.
CLASSES = (
    ("Comment.Preproc", "cp"),
    ("Comment", "c"),
    ("Keyword.Type", "kt"),
    ("Keyword", "k"),
    ("Operator.Word", "k"),
    ("Literal.String", "s"),
    ("Literal.Number", "m"),
    ("Name.Function", "nf"),
    ("Name.Class", "nc"),
    ("Name.Decorator", "nf"),
    ("Name.Builtin", "nb"),
    ("Name.Exception", "nc"),
    ("Name.Tag", "k"),
    ("Name.Attribute", "nf"),
    ("Generic.Deleted", "gd"),
    ("Generic.Inserted", "gi"),
    ("Generic.Heading", "nf"),
    ("Generic.Subheading", "nf"),
    ("Generic.Prompt", "c"),
    ("Generic.Output", "c"),
)


def colour(code: str, language: str, budget: Budget) -> str:
    """Code as HTML with class names, or `""` where it is better shown plain: a language we do not know, or a long text.

    Raises: OutOfBudget.
    """
    name = language.lower()
    if name not in LANGUAGES or len(code) > LONGEST_COLOURED_CHARACTERS:
        return ""
    from pygments.lexers import get_lexer_by_name

    pieces: list[str] = []
    last_class, held = "", ""
    for kind, text in get_lexer_by_name(name, stripnl=False, ensurenl=False).get_tokens(code):
        budget.spend()
        css = _class_of(kind)
        if css == last_class:
            held += text
            continue
        pieces.append(_span(last_class, held))
        last_class, held = css, text
    pieces.append(_span(last_class, held))
    return "".join(pieces)


_known: dict[Any, str] = {}


def _class_of(kind: Any) -> str:
    """The class of a Pygments token type, `""` for a plain one. There are about eighty types in all."""
    if kind not in _known:
        name = str(kind).removeprefix("Token.")
        _known[kind] = next((css for family, css in CLASSES if name == family or name.startswith(f"{family}.")), "")
    return _known[kind]


def _span(css: str, text: str) -> str:
    return f'<span class="{css}">{escape(text)}</span>' if css else escape(text)

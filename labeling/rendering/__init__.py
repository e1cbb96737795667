"""Text of models and people as HTML that cannot do anything: the one package that may mark a string as safe.

Markdown without raw HTML → formulas as MathML, code in colours → an allow-list of tags and attributes → kept by
content. What a model wrote never brings a script, a style, a form, a remote picture or an attribute that htmx would
obey, and never takes more processor time than a budget: past it, the text is shown as it was written.
"""

from labeling.rendering.languages import language_of
from labeling.rendering.texts import LONGEST_MARKDOWN_CHARACTERS, Rendered, render, render_markdown

__all__ = ["LONGEST_MARKDOWN_CHARACTERS", "Rendered", "language_of", "render", "render_markdown"]

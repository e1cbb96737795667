"""What checks, their reasons and their settings are called on a page."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeling.models import ModerationFinding

CHECK_NAMES: dict[str, Any] = {
    "empty": gettext_lazy("Empty"),
    "truncated": gettext_lazy("Cut off"),
    "duplicate": gettext_lazy("Duplicate"),
    "refusal": gettext_lazy("Refusal"),
    "leakage": gettext_lazy("Prompt leakage"),
    "secret": gettext_lazy("Secret"),
    "personal_data": gettext_lazy("Personal data"),
    "language": gettext_lazy("Language"),
    "length": gettext_lazy("Length"),
    "classifier": gettext_lazy("Classifier"),
}
SENTENCES: dict[str, Any] = {
    "empty": gettext_lazy("There is nothing in it."),
    "no_words": gettext_lazy("There is no word in it."),
    "placeholder": gettext_lazy("It holds a placeholder instead of an answer."),
    "open_code_block": gettext_lazy("A code block begins that nothing closes."),
    "cut_word": gettext_lazy("It ends on a word that no sentence ends with."),
    "cut_sentence": gettext_lazy("Its last line has no end, though the others have."),
    "several_prompts": gettext_lazy("The same text answers %(prompts)s prompts."),
    "nearly_equal": gettext_lazy("It nearly equals response %(like)s: %(similarity)s alike."),
    "declines": gettext_lazy("It declines to answer."),
    "template_marker": gettext_lazy("A marker of a chat template stands in it."),
    "system_text": gettext_lazy("It repeats the system message."),
    "echo": gettext_lazy("It begins by repeating the question."),
    "email": gettext_lazy("It holds an e-mail address."),
    "phone": gettext_lazy("It holds a telephone number."),
    "card": gettext_lazy("It holds the number of a payment card; its check digit is right."),
    "iban": gettext_lazy("It holds a bank account number (IBAN); its check digits are right."),
    "resident_number": gettext_lazy("It holds a Korean resident registration number; its check digit is right."),
    "other_script": gettext_lazy("The question is written in %(asked)s script, the answer in %(answered)s."),
    "too_short": gettext_lazy("It is shorter than wanted: %(characters)s characters, %(words)s words."),
    "too_long": gettext_lazy("It is longer than wanted: %(characters)s characters, %(words)s words."),
    "label": gettext_lazy("A classifier calls it “%(label)s”: %(score)s."),
}
SECRET = gettext_lazy("It holds what looks like a key or a token: %(kind)s.")
SETTING_NAMES: dict[str, Any] = {
    "shortest_characters": gettext_lazy("From so many characters on"),
    "fewest_prompts": gettext_lazy("From so many prompts on"),
    "similarity": gettext_lazy("From this similarity on, 0 to 1"),
    "within_characters": gettext_lazy("Within the first characters"),
    "system_words": gettext_lazy("Words in a row of the system message"),
    "echo_characters": gettext_lazy("Questions from so many characters on"),
    "fewest_letters": gettext_lazy("From so many letters on"),
    "share": gettext_lazy("Share of letters in one script, 0 to 1"),
    "fewest_characters": gettext_lazy("Fewest characters"),
    "most_characters": gettext_lazy("Most characters, 0 for no bound"),
    "fewest_words": gettext_lazy("Fewest words"),
    "most_words": gettext_lazy("Most words, 0 for no bound"),
    "threshold": gettext_lazy("From this score on, 0 to 1"),
}


def says(finding: ModerationFinding, letters: dict[int, str]) -> str:
    """One sentence about what was found.

    Args:
        letters: response id → the letter it has on the page.
    """
    figures = dict(finding.figures)
    if "like" in figures:
        figures["like"] = letters.get(figures["like"], "?")
        figures["similarity"] = f"{figures['similarity']:.0%}"
    if finding.check_name == "secret":
        return str(SECRET % {"kind": finding.reason.replace("_", " ")})
    if finding.reason not in SENTENCES:
        return _("Found by a check that this version does not know.")
    return str(SENTENCES[finding.reason] % {name: _figure(value) for name, value in figures.items()})


def _figure(value: Any) -> str:
    return value.title() if isinstance(value, str) and value.isupper() and len(value) > 1 else str(value)

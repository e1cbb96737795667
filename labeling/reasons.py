"""Why a statistic has no value, in the reader's language.

`labeling.stats` says it in English, as `Undefined.because`, and stored reports keep that. Here stands what it can say,
with names for what varies in it; a test holds the list against the code.
"""

import re
from functools import cache

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

KNOWN = (
    # too little, or nothing that varies
    gettext_noop("there are no labels"),
    gettext_noop("all labels are one annotator's"),
    gettext_noop("no unit has labels of two annotators"),
    gettext_noop("only one unit has labels of two annotators, and one unit shows no chance agreement"),
    gettext_noop("one class is all there is, and everybody is right by chance"),
    gettext_noop("everybody gave the same label everywhere, so that chance alone would agree as well"),
    gettext_noop("all units but a few carry the same label, and it would hang on those few"),
    gettext_noop("units have from %(least)s to %(most)s labels, and it wants as many on each"),
    gettext_noop("the two annotators have labelled no unit in common"),
    gettext_noop("annotator %(who)s gave the same label everywhere, so that nothing can depend on it"),
    gettext_noop("nobody else judged what got this strength"),
    gettext_noop("a ranking that ties all responses has no order to compare"),
    gettext_noop("concordance needs two rankings or more"),
    gettext_noop("every ranking ties all responses"),
    gettext_noop("no comparison has two rankings that order its responses"),
    gettext_noop("the judgments do not vary, so that weighing them anew shows no spread"),
    gettext_noop("nothing was judged whose answer is known"),
    gettext_noop("nobody was asked the same a second time"),
    gettext_noop("nothing was judged"),
    # annotators
    gettext_noop("they judged nothing whose answer is known"),
    gettext_noop("nothing came to them a second time"),
    gettext_noop("nobody else judged what they did"),
    gettext_noop("they judged nothing that this model reads"),
    gettext_noop("they judged nothing"),
    gettext_noop("nobody has labelled anything"),
    gettext_noop("nobody has judged anything"),
    gettext_noop("one annotator alone can be held against nobody"),
    gettext_noop("every label is %(label)s: without variation nobody stands out"),
    gettext_noop("every verdict is a tie: nothing orders the responses"),
    gettext_noop("no item was labelled by three people, and of two who differ nobody knows who errs"),
    gettext_noop("no shared items connect them to three people who labelled one item"),
    gettext_noop("its annotators are not connected to three people who labelled one item"),
    gettext_noop("no three people, nor a larger odd ring of them, share items, and so nobody can be told apart"),
    gettext_noop("no odd ring of people who share items, each with the next, includes or reaches them"),
    gettext_noop("its annotators share items with too few others to be told apart"),
    gettext_noop("only %(n)s of their labels are on items that others labelled too, of %(needed)s needed"),
    gettext_noop(
        "others made only %(n)s judgments on a response they judged, of %(needed)s needed to know its strength"
    ),
    gettext_noop("the judgments fall into %(n)s groups of responses that no judgment compares"),
    gettext_noop("%(labels)s are equally probable"),
    gettext_noop("nobody's reliability is known"),
    gettext_noop("no annotator follows the truth more than chance does"),
    # audits
    gettext_noop("what it rests on is worth %(n)s prompts of equal weight; an interval needs %(needed)s"),
    gettext_noop("nothing varies from one outcome to the next"),
    gettext_noop("there is no outcome to count"),
    gettext_noop("there is nothing that differs"),
    gettext_noop("too little differs to tell one influence from another"),
    gettext_noop("one side always wins where the two differ, so that no finite slope fits best"),
    gettext_noop("the order in which the responses were shown is not known"),
    gettext_noop("no pair was judged of which one response won"),
    gettext_noop("no pair of known texts of which one won differs in %(what)s"),
    gettext_noop("there is no pair of known texts and order of which one won"),
    gettext_noop("fewer than %(needed)s pairs differ in %(what)s, or one side wins all of them"),
    gettext_noop("nobody judged a response of their own beside one that is not"),
    gettext_noop("nobody who owns neither judged the same two responses"),
    gettext_noop("of no judgment the person, the time and the %(what)s are known"),
    gettext_noop("no session holds two judgments one after the other"),
    gettext_noop("of no judgment both the time it took and the text are known"),
    gettext_noop("there are not both fast and other judgments whose agreement is known"),
    # leaderboards
    gettext_noop("nobody called a tie"),
    gettext_noop(
        "ties are so common beside two-sided wins that the tie parameter has no finite estimate; count ties as half"
    ),
    gettext_noop("it was never compared with another policy"),
    gettext_noop("the two were never compared with each other"),
    gettext_noop("it won every comparison, so that nothing bounds its strength from above"),
    gettext_noop("it lost every comparison, so that nothing bounds its strength from below"),
    gettext_noop("it only ever won against some policies and only ever lost to the others"),
    gettext_noop("the judgments order the policies both ways only within %(n)s groups and not between them: %(names)s"),
    gettext_noop("every judgment between these policies is a tie, so that nothing orders them"),
    gettext_noop("all judgments are of one prompt or comparison, so that nothing shows how much they vary"),
    gettext_noop("all judgments are of one prompt or comparison"),
    gettext_noop("a policy does not meet itself"),
    gettext_noop("the judgments do not put the two on one scale"),
    gettext_noop("no two responses that were judged against each other differ in it"),
    gettext_noop("no two policies were both better than each other at some time"),
    gettext_noop("the judgments do not put the policies on one scale, and give no chances to draw from"),
    gettext_noop("by chance alone there would be rounds without a triad"),
    gettext_noop("no three of them were all compared with each other and told apart"),
    gettext_noop("fewer than three items cannot go in circles"),
    gettext_noop("not each two items were compared and told apart"),
    gettext_noop("no three items or more were all compared and told apart"),
)
# What may stand for a word that varies, where it is a word and neither a number nor a name.
WORDS = (
    gettext_noop("length"),
    gettext_noop("Markdown"),
    gettext_noop("headers"),
    gettext_noop("list items"),
    gettext_noop("bold"),
    gettext_noop("code"),
    gettext_noop("tables"),
    gettext_noop("agreement"),
    gettext_noop("dwell time"),
    gettext_noop("left"),
    gettext_noop("right"),
    gettext_noop("tie"),
    gettext_noop("both bad"),
)


def say_reason(because: str) -> str:
    """A reason in the reader's language; one that is not known stays as it is."""
    for template, pattern in _patterns():
        if match := pattern.fullmatch(because):
            said = {name: _(value) if value in WORDS else value for name, value in match.groupdict().items()}
            return _(template) % said
    return because


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each known reason with what recognises it; those without places first."""
    return tuple((template, _recognising(template)) for template in sorted(KNOWN, key=lambda text: "%(" in text))


def _recognising(template: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", template)
    pattern = "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return re.compile(pattern, re.DOTALL)

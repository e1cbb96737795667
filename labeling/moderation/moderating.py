"""Running checks over a stream of subjects, one in memory at a time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from labeling.moderation.findings import Check, Finding
from labeling.moderation.subjects import Subject
from preferences.records import ComparisonRecord


def moderate(subject: Subject, checks: Sequence[Check]) -> Iterator[Finding]:
    """Everything that the checks find in one prompt with its responses."""
    for check in checks:
        yield from check.find(subject)


def prompts_of_responses(records: Iterable[ComparisonRecord]) -> dict[str, int]:
    """Under how many prompts each response stands, of those that stand under several; for `Surroundings`.

    Keeps a number for each pair of a prompt and a response, about a tenth of a kilobyte.
    """
    pairs = {(response.hash, record.prompt_hash) for record in records for response in record.responses}
    counts = Counter(response for response, _prompt in pairs)
    return {response: prompts for response, prompts in counts.items() if prompts > 1}

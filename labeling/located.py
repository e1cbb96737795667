"""Comparisons and demonstrations as the moderation checks look at them, with the rows that their texts are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from labeling.models import Comparison, ComparisonResponse, Response
from labeling.moderation.subjects import Subject, Surroundings, Text, prompt_texts, response_text


@dataclass(frozen=True, slots=True)
class Located:
    """A subject, and which rows its texts are.

    Attributes:
        comparison: None for a demonstration.
        responses: the ids of the responses, by the index that the subject's texts name.
    """

    subject: Subject
    comparison: int | None
    responses: Sequence[int]

    def response_of(self, text: Text) -> int | None:
        """The id of the response that a text is; of a prompt, that of its demonstration, and None in a comparison."""
        if text.response is not None:
            return self.responses[text.response]
        return self.responses[0] if self.comparison is None else None


def located_comparisons(keys: Sequence[int], around: Surroundings | None = None) -> dict[int, Located]:
    """What the checks look at, of some comparisons, in their order. Responses are in the order of their ids."""
    members = ComparisonResponse.objects.filter(comparison__in=keys).select_related("response")
    shown: dict[int, list[Response]] = defaultdict(list)
    for member in members.order_by("response_id"):
        shown[member.comparison_id].append(member.response)
    comparisons = Comparison.objects.filter(pk__in=keys).select_related("prompt").order_by("pk")
    return {one.pk: _located(one.prompt.messages, shown[one.pk], one.pk, around) for one in comparisons}


def located_demonstrations(keys: Sequence[int], around: Surroundings | None = None) -> dict[int, Located]:
    """The same of some demonstrations."""
    responses = Response.objects.filter(pk__in=keys).select_related("prompt").order_by("pk")
    return {one.pk: _located(one.prompt.messages, [one], None, around) for one in responses}


def _located(
    messages: Any, responses: Sequence[Response], comparison: int | None, around: Surroundings | None
) -> Located:
    texts = (
        response_text(one.content, kind=one.kind, index=index, hash=one.content_hash)
        for index, one in enumerate(responses)
    )
    subject = Subject(
        prompt=prompt_texts(messages),
        responses=tuple(text for text in texts if text is not None),
        around=around or Surroundings(),
    )
    return Located(subject, comparison, [one.pk for one in responses])

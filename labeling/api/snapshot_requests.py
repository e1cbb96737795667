"""What the API takes for a snapshot, and what it says before one is frozen."""

import json
from dataclasses import fields
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from labeling.services.snapshots import (
    BENCHMARK_RULES,
    REVIEW_RULES,
    SnapshotRequest,
    keep_benchmark,
    pair_rules,
)
from preferences.pairs import PairRules

RULES = tuple(field.name for field in fields(PairRules))
LISTS = ("only_annotators", "exclude_annotators", "only_policies", "exclude_policies", "guideline_versions")


def _texts(length: int, help_text: str) -> serializers.ListField:
    child = serializers.CharField(max_length=length)
    return serializers.ListField(child=child, required=False, default=list, help_text=help_text)


def _share(help_text: str) -> serializers.FloatField:
    return serializers.FloatField(
        required=False, allow_null=True, default=None, min_value=0, max_value=1, help_text=help_text
    )


class SnapshotRequestSerializer(serializers.Serializer):
    """What goes in. Only verdicts that stand are taken; everything left out is counted in the manifest."""

    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    exclude_imported = serializers.BooleanField(default=False)
    exclude_simulated = serializers.BooleanField(default=False)
    exclude_annotators = _texts(40, "Pseudonyms.")
    exclude_suspicious = serializers.BooleanField(
        default=False, help_text="Judgments with a sign of haste or carelessness that no reviewer has accepted."
    )
    only_annotators = _texts(40, "Pseudonyms; empty: everybody.")
    only_policies = _texts(120, "Names; a comparison stays if at least two of its responses do. Empty: all.")
    exclude_policies = _texts(120, "Names; a comparison stays if at least two of its responses do.")
    guideline_versions = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, default=list, help_text="Empty: any."
    )
    least_gold_agreement = _share("The least lower end of an annotator's 95 % interval of agreement with gold.")
    least_agreement = _share("The least agreement of a comparison's verdicts.")
    since = serializers.DateTimeField(required=False, allow_null=True, default=None)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    include_unjudged = serializers.BooleanField(default=False)
    benchmark = serializers.ListField(
        child=serializers.CharField(max_length=100_000),
        required=False,
        default=list,
        max_length=100_000,
        help_text="Prompts to look for in the project's.",
    )
    benchmark_overlap = serializers.ChoiceField(
        BENCHMARK_RULES["benchmark_overlap"], default="count", help_text="What becomes of prompts that hold one."
    )
    adjudication = serializers.ChoiceField(
        REVIEW_RULES["adjudication"],
        default="replaces",
        help_text="What a reviewer's own verdict does to the others on its comparison.",
    )
    returned = serializers.ChoiceField(
        REVIEW_RULES["returned"],
        default="drop",
        help_text="Verdicts that a reviewer returned and nobody has redone.",
    )
    seed = serializers.IntegerField(required=False, default=0, min_value=-(2**31), max_value=2**31 - 1)
    validation = serializers.FloatField(required=False, default=0.1, min_value=0, max_value=1)
    test = serializers.FloatField(required=False, default=0.1, min_value=0, max_value=1)
    group_near_duplicates = serializers.BooleanField(
        default=False, help_text="Keep prompts that are nearly the same in one split."
    )
    rules = serializers.DictField(
        child=serializers.CharField(max_length=20),
        required=False,
        default=dict,
        help_text=f"Any of {', '.join(RULES)}.",
    )


class PreviewSerializer(serializers.Serializer):
    """What would be frozen. Where not all comparisons were read, every count is an estimate."""

    is_estimate = serializers.BooleanField()
    read = serializers.IntegerField(help_text="Comparisons looked at.")
    of = serializers.IntegerField(help_text="Comparisons there are.")
    counts = serializers.DictField(child=serializers.IntegerField())
    splits = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    drops = serializers.DictField(child=serializers.IntegerField())
    benchmark = serializers.DictField(allow_null=True)


def request_of(request: Request) -> SnapshotRequest:
    """The snapshot that a request asks for. Raises: ValidationError, InvalidSnapshot."""
    serializer = SnapshotRequestSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    wanted: dict[str, Any] = dict(serializer.validated_data)
    prompts = wanted.pop("benchmark")
    return SnapshotRequest(
        **{name: tuple(value) if name in LISTS else value for name, value in wanted.items() if name != "rules"},
        benchmark=keep_benchmark(json.dumps(prompt).encode() + b"\n" for prompt in prompts) if prompts else "",
        rules=pair_rules(wanted["rules"]),
    )

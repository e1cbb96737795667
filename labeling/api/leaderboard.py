"""The leaderboard of a project's policies."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.access import data_project
from labeling.models import LeaderboardReport
from labeling.services.leaderboard import CHOICES, LeaderboardRequest, get_leaderboard, queue_leaderboard
from runs.tasks import execute_run


class LeaderboardRequestSerializer(serializers.Serializer):
    """What is asked. Verdicts that stand are counted, by default people's alone."""

    method = serializers.ChoiceField(
        CHOICES["method"],
        default=CHOICES["method"][0],
        help_text="Bradley–Terry with ties by davidson, as half a win or by rao-kupper; plackett-luce; elo.",
    )
    weight = serializers.ChoiceField(
        CHOICES["weight"],
        default=CHOICES["weight"][0],
        help_text="What counts once: a unit is a prompt.",
    )
    equal_style = serializers.BooleanField(default=False, help_text="Fit at equal length and Markdown too.")
    imported = serializers.BooleanField(default=False, help_text="Count imported judgments.")
    simulated = serializers.BooleanField(default=False, help_text="Count simulated judgments.")
    adjudication = serializers.ChoiceField(
        CHOICES["adjudication"],
        default=CHOICES["adjudication"][0],
        help_text="What a reviewer's own verdict does to the others on its comparison.",
    )
    topic = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    domain = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    language = serializers.CharField(max_length=12, required=False, allow_blank=True, default="")
    since = serializers.DateTimeField(required=False, allow_null=True, default=None)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    annotators = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, default=list, help_text="Pseudonyms; only these."
    )
    exclude_annotators = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, default=list, help_text="Pseudonyms."
    )


class FigureSerializer(serializers.Serializer):
    """A value with its 95 % interval; `undefined` says why there is no value, or no interval."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    undefined = serializers.CharField(allow_null=True)


class EqualStyleSerializer(serializers.Serializer):
    rank = FigureSerializer()
    score = FigureSerializer()


class StandingSerializer(serializers.Serializer):
    """One policy. Ranks and points are within its `group`; groups do not compare."""

    policy = serializers.CharField()
    group = serializers.IntegerField()
    prompts = serializers.IntegerField()
    pairs = serializers.IntegerField()
    rank = FigureSerializer()
    score = FigureSerializer()
    win_rate = FigureSerializer()
    average_win_rate = FigureSerializer()
    equal_style = EqualStyleSerializer(allow_null=True)


class ChanceSerializer(serializers.Serializer):
    win = serializers.FloatField()
    tie = serializers.FloatField()


class PolicyPairSerializer(FigureSerializer):
    """The share that `policy` won of its pairs against `against`, and the model's chances; null where unknown."""

    policy = serializers.CharField()
    against = serializers.CharField()
    prompts = serializers.IntegerField()
    chance = ChanceSerializer(allow_null=True)


class StyleEffectSerializer(FigureSerializer):
    """In nats for a typical relative difference."""

    covariate = serializers.CharField()
    typical = serializers.FloatField()


class StyleSerializer(serializers.Serializer):
    effects = StyleEffectSerializer(many=True)
    left_out = serializers.IntegerField()


class CycleSerializer(serializers.Serializer):
    policies = serializers.ListField(child=serializers.CharField())
    weakest = serializers.FloatField()
    support = serializers.FloatField()


class NoiseSerializer(serializers.Serializer):
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    undefined = serializers.CharField(allow_null=True)


class CyclesSerializer(serializers.Serializer):
    triads = serializers.IntegerField()
    circular = serializers.IntegerField()
    by_noise = NoiseSerializer()
    tangles = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    cycles = CycleSerializer(many=True)


class AnnotatorCirclesSerializer(FigureSerializer):
    annotator = serializers.CharField()
    triads = serializers.IntegerField()
    circular = serializers.IntegerField()


class LeaderboardSerializer(serializers.Serializer):
    """A leaderboard, the strongest policy first."""

    computed_at = serializers.DateTimeField()
    asked = serializers.DictField()
    counts = serializers.DictField(child=serializers.IntegerField())
    left_out = serializers.DictField(child=serializers.IntegerField(), help_text="Judgments by reason.")
    not_ranked = serializers.IntegerField(help_text="Rankings that the method could not take.")
    words = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    groups = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    tie_parameters = FigureSerializer(many=True, allow_null=True)
    standings = StandingSerializer(many=True)
    pairs = PolicyPairSerializer(many=True)
    style = StyleSerializer(allow_null=True)  # type: ignore[assignment]  # Field has one of that name
    cycles = CyclesSerializer()
    annotators = AnnotatorCirclesSerializer(many=True)


class QueuedLeaderboardSerializer(serializers.Serializer):
    run = serializers.UUIDField()
    state = serializers.CharField()


def shown(report: LeaderboardReport) -> dict[str, Any]:
    return {"computed_at": report.computed_at, "asked": report.asked, **report.result}


@extend_schema(methods=["GET"], parameters=[LeaderboardRequestSerializer], responses=LeaderboardSerializer)
@extend_schema(methods=["POST"], request=LeaderboardRequestSerializer, responses={202: QueuedLeaderboardSerializer})
@api_view(["GET", "POST"])
def leaderboard(request: Request, slug: str) -> Response:
    """GET: the leaderboard; of a large project what a run has computed, or 404. POST: 202, a run that computes it."""
    project = data_project(request, slug)
    if request.method == "POST":
        run = queue_leaderboard(project=project, request=_asked(request.data), created_by=request.user)
        execute_run.delay_on_commit(str(run.pk))
        return Response({"run": run.pk, "state": run.state}, status=status.HTTP_202_ACCEPTED)
    return Response(shown(get_leaderboard(project, _asked(request.query_params))))


def _asked(given: Any) -> LeaderboardRequest:
    serializer = LeaderboardRequestSerializer(data=given)
    serializer.is_valid(raise_exception=True)
    wanted = dict(serializer.validated_data)
    for name in ("annotators", "exclude_annotators"):
        wanted[name] = tuple(wanted[name])
    return LeaderboardRequest(**wanted)

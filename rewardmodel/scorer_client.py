"""Asking the scoring server, from a process that must not load torch."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from rewardmodel.core.reward_function import NotScored, ScoringServer
from rewardmodel.errors import RewardModelError, ScorerUnavailable

TIMEOUT_SECONDS = 60.0
PATIENCE_SECONDS = 15.0


class RefusedByScorer(RewardModelError):
    """The scoring server found fault with the request."""

    code = "invalid"
    status = 400


class TooLargeForScorer(RewardModelError):
    """The scoring server reads no request of this size."""

    code = "too_large"
    status = 413


def score_over_http(model: str, items: list[Any]) -> dict[str, Any]:
    """The scoring server's answer for these items by this model: {"model", "results": [{"reward", …}]}.

    A server that breaks off, is loading or is full is asked again for a while; one that is not there is not waited for.

    Raises:
        RefusedByScorer: with the fields at fault.
        TooLargeForScorer: fewer items have to be sent.
        ScorerUnavailable: it is down, or has no such model.
    """
    server = ScoringServer(
        url=settings.PLUMBLINE_SCORER_URL,
        token=settings.PLUMBLINE_SCORER_TOKEN,
        request_seconds=TIMEOUT_SECONDS,
        patience_seconds=PATIENCE_SECONDS,
        waits_for_start=False,
    )
    try:
        return server.score(items, model=model)
    except NotScored as failure:
        said = str(failure.answer.get("message", ""))
        if failure.status == 400:
            raise RefusedByScorer(said, fields=failure.answer.get("fields")) from failure
        if failure.status == 413:
            raise TooLargeForScorer(said) from failure
        if said:
            raise ScorerUnavailable(said) from failure
        raise ScorerUnavailable(
            _("The scoring server at %(address)s does not answer. Start it with “manage.py serve_rewards”.")
            % {"address": settings.PLUMBLINE_SCORER_URL}
        ) from failure

"""Asking the scoring server, from a process that must not load torch."""

import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from rewardmodel.errors import RewardModelError, ScorerUnavailable

TIMEOUT_SECONDS = 60.0


class RefusedByScorer(RewardModelError):
    """The scoring server found fault with the request."""

    code = "invalid"
    status = 400


def score_over_http(model: str, items: list[Any]) -> dict[str, Any]:
    """The scoring server's answer for these items by this model: {"model", "results": [{"reward", …}]}.

    Raises: RefusedByScorer with the fields at fault; ScorerUnavailable if it is down or has no such model.
    """
    address = urlsplit(settings.PLUMBLINE_SCORER_URL)
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = kind(address.netloc, timeout=TIMEOUT_SECONDS)
    body = json.dumps({"model": model, "items": items}).encode()
    try:
        connection.request("POST", f"{address.path}/v1/score", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.load(response)
    except (OSError, HTTPException, ValueError) as error:
        raise ScorerUnavailable(
            _("The scoring server at %(address)s does not answer. Start it with “manage.py serve_rewards”.")
            % {"address": settings.PLUMBLINE_SCORER_URL}
        ) from error
    finally:
        connection.close()
    if response.status == 400:
        raise RefusedByScorer(answer["message"], fields=answer["fields"])
    if response.status != 200:
        raise ScorerUnavailable(str(answer.get("message", response.status)))
    return dict(answer)

"""Pages about policies."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from finetuning.queries import get_policy_for
from labeling.views.access import login_required


@login_required
@require_GET
def policy(request: HttpRequest, name: str) -> HttpResponse:
    """One policy."""
    return JsonResponse({"name": get_policy_for(request.user, name).name})

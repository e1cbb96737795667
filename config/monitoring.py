"""Whether the web process lives, whether it can work, and what it counts (for owners and scrapers with a token)."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process can answer."""
    return JsonResponse({"live": True})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 only if the database does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"ready": True})


@extend_schema(exclude=True)
@api_view(["GET"])
def prometheus(request: Request) -> HttpResponse:
    """The counters of this process in Prometheus' text format."""
    if not getattr(request.user, "is_owner", False):
        raise PermissionDenied(_("Metrics are for owners."))
    return ExportToDjangoView(request._request)


urlpatterns = [
    path("", prometheus, name="metrics"),
    path("live/", live, name="live"),
    path("ready/", ready, name="ready"),
]

"""The script that opens the workbench without a connection. It lies at the root, because its place is its reach."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker, as it is on disk."""
    script = (settings.BASE_DIR / "static" / "js" / "service-worker.js").read_text()
    return HttpResponse(script, content_type="text/javascript; charset=utf-8")

"""What no address may ask for: text that a database cannot hold, and so never holds."""

from collections.abc import Callable
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse

from config.storable_json import NotStorable, require_storable

GetResponse = Callable[[HttpRequest], HttpResponse]


def refuse_unstorable_query(get_response: GetResponse) -> GetResponse:
    """Middleware: 400 with a sentence for a query string with NUL in it, of which PostgreSQL would raise an error."""

    def middleware(request: HttpRequest) -> HttpResponse:
        try:
            require_storable(unquote(request.META.get("QUERY_STRING", "")))
        except NotStorable as error:
            if request.path.startswith("/api/"):
                return JsonResponse({"code": error.code, "message": str(error), "fields": {}}, status=error.status)
            return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
        return get_response(request)

    return middleware

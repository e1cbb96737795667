"""What addresses ask for: numbers that rows can have, and no text that a database cannot hold."""

from collections.abc import Callable
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse

from config.api import error_body
from config.storable_json import NotStorable, require_storable

LONGEST_NUMBER = 18  # digits; every such number fits into a key
GetResponse = Callable[[HttpRequest], HttpResponse]


def number_in(said: str) -> int | None:
    """The whole number that a text names; None if it names none that a row can have."""
    return int(said) if said.isdecimal() and len(said) <= LONGEST_NUMBER else None


def refuse_unstorable_query(get_response: GetResponse) -> GetResponse:
    """Middleware: 400 with a sentence for a query string with NUL in it, of which PostgreSQL would raise an error."""

    def middleware(request: HttpRequest) -> HttpResponse:
        try:
            require_storable(unquote(request.META.get("QUERY_STRING", "")))
        except NotStorable as error:
            if request.path.startswith("/api/"):
                return JsonResponse(error_body(error.code, str(error)), status=error.status)
            return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
        return get_response(request)

    return middleware

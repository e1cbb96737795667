"""In which language a page speaks: as its reader chose, else the cookie of this browser, else as the browser asks."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views import i18n

from labeling.services.languages import choose_language

GetResponse = Callable[[HttpRequest], HttpResponse]


def person_language(get_response: GetResponse) -> GetResponse:
    """Middleware, after Django's own for languages and logins: a person's choice goes before cookie and browser."""

    def middleware(request: HttpRequest) -> HttpResponse:
        language = getattr(request.user, "language", "")  # nobody in particular has none
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language() or language
        return get_response(request)

    return middleware


def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the choice with the person, and in a cookie for this browser; go back to where the form was sent from."""
    if request.method == "POST" and request.user.is_authenticated:
        choose_language(person=request.user, language=request.POST.get("language", ""))
    return i18n.set_language(request)

"""What every HTTP endpoint shares: one error shape and one pagination."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination as BaseCursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.views import exception_handler as default_exception_handler

from config.errors import PlumblineError


class CursorPagination(BaseCursorPagination):
    """Pages that stay correct while rows arrive."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering = "-pk"

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Raises: NotFound for a cursor that names no place in the list."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, OverflowError, ValidationError):
            if self.cursor_query_param not in request.query_params:
                raise
            raise exceptions.NotFound(self.invalid_cursor_message) from None


def error_body(code: str, message: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """The shape of every error that leaves the API."""
    return {"code": code, "message": message, "fields": fields or {}}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an expected failure of any app, or of DRF, into `{"code", "message", "fields"}`."""
    if isinstance(exc, PlumblineError):
        return Response(error_body(exc.code, str(exc), exc.fields), status=exc.status)
    if isinstance(exc, RequestDataTooBig):
        sentence = _("A request may have at most %(bytes)s bytes. Send less at a time.")
        message = sentence % {"bytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
        return Response(error_body("too_large", message), status=413)
    response = default_exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        fields = exc.detail if isinstance(exc.detail, dict) else {"": exc.detail}
        response.data = error_body("invalid", _first_sentence(exc.detail), fields)
    elif isinstance(exc, Http404):
        response.data = error_body("not_found", _("There is nothing here for you under that address."))
    elif isinstance(exc, PermissionDenied):
        response.data = error_body("forbidden", str(exc) or _("Your role does not allow this."))
    elif isinstance(exc, exceptions.APIException):
        response.data = error_body(str(exc.get_codes()), str(exc.detail))
    return response


def _first_sentence(detail: Any) -> str:
    """Name the first field at fault, so that a person who reads only `message` knows what to mend."""
    if isinstance(detail, dict):
        for field, inner in detail.items():
            sentence = _first_sentence(inner)
            return sentence if field in ("", "non_field_errors") else f"{field}: {sentence}"
    if isinstance(detail, list) and detail:
        return _first_sentence(detail[0])
    return str(detail)

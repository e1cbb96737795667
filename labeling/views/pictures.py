"""A picture that is a response, for members of its project."""

import re

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.views.decorators.http import require_safe

from labeling.models import Project
from labeling.pictures import picture_name, picture_storage
from labeling.views.access import EVERYBODY, project_view

SHA256 = re.compile(r"[0-9a-f]{64}")
A_YEAR_SECONDS = 365 * 24 * 3600


@project_view(*EVERYBODY)
@require_safe
def picture(request: HttpRequest, project: Project, sha256: str) -> HttpResponse | FileResponse:
    """The picture as the server wrote it: what its name says never changes, so a browser asks once."""
    name = picture_name(project.pk, sha256)
    if not SHA256.fullmatch(sha256) or not picture_storage().exists(name):
        raise Http404
    etag = f'"{sha256}"'
    if etag in request.headers.get("If-None-Match", ""):
        response: HttpResponse | FileResponse = HttpResponseNotModified()
    else:
        response = FileResponse(picture_storage().open(name), content_type="image/webp")
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response["Content-Disposition"] = "inline"
    response["Cache-Control"] = f"private, max-age={A_YEAR_SECONDS}, immutable"
    response["ETag"] = etag
    return response

"""Who may move data in and out by the API."""

from django.utils.translation import gettext as _
from rest_framework.request import Request

from labeling.errors import NotAMember
from labeling.models import Project
from labeling.queries import get_project_for
from labeling.views.access import role_of

DATA_ROLES = ("manager", "engineer")


def data_project(request: Request, slug: str) -> Project:
    """The project under that slug, for its managers, engineers and owners.

    Raises: Http404 for an outsider; NotAMember for a member whose role does not reach.
    """
    project = get_project_for(request.user, slug)
    if role_of(request.user, project) not in DATA_ROLES:
        raise NotAMember(_("Only managers of this project and engineers move its data. Ask one of them."))
    return project

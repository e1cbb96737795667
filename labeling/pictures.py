"""Where pictures are kept, and which one a response is."""

from django.core.files.storage import Storage, storages

from labeling.models import Response
from preferences.errors import InvalidRecord
from preferences.pictures import KeptPicture, kept_picture


def picture_storage() -> Storage:
    """A folder under PLUMBLINE_HOME, or what settings.STORAGES["pictures"] names instead."""
    return storages["pictures"]


def picture_name(project_id: int, sha256: str) -> str:
    """A picture's name in the storage. Each project keeps its own, so that being there is a member's right to it."""
    return f"{project_id}/{sha256[:2]}/{sha256}.webp"


def picture_of(response: Response) -> KeptPicture | None:
    """The picture that a response is; None for text, and for a picture that cannot be shown."""
    if response.kind != Response.Kind.PICTURE:
        return None
    try:
        return kept_picture(response.content)
    except InvalidRecord:
        return None

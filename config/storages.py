"""Where files may lie that are imported by name: what settings.STORAGES says of it."""

from typing import Any

S3 = "s3://"


def import_storage(place: str) -> dict[str, dict[str, Any]]:
    """The entry `imports` of STORAGES; none where nobody has named a place.

    Args:
        place: a folder, or `s3://bucket/prefix`, with the credentials and the endpoint that boto3 finds for itself.
    """
    if not place:
        return {}
    if not place.startswith(S3):
        return {"imports": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": place}}}
    bucket, _slash, prefix = place.removeprefix(S3).partition("/")
    return {
        "imports": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {"bucket_name": bucket, "location": prefix, "default_acl": None},
        }
    }

"""Taking in pictures: decoded, made anew without anything but their pixels, and kept by what they show.

What people upload is never served. A picture is named by the sha256 of its pixels, after its orientation was applied
and it was made to fit: the same picture is the same response, whichever file it came in and whatever wrote ours.
"""

import base64
import binascii
import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.utils.translation import gettext as _

from labeling.models import Project
from labeling.pictures import picture_name, picture_storage
from preferences.errors import InvalidRecord, InvalidRow
from preferences.pictures import SHA256, KeptPicture, read_content
from preferences.records import ComparisonRecord, ResponseRecord

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_BYTES = 10 * 1024**2
MOST_PIXELS = 40_000_000
LONGEST_SIDE_PIXELS = 2048
LOSSLESS_PIXELS = 2_100_000  # drawings and screenshots up to this size are kept exactly
FORMATS = ("PNG", "JPEG", "WEBP")


def take_pictures(
    record: ComparisonRecord, *, project: Project, folder: Path | None = None, keeps: bool = True
) -> ComparisonRecord:
    """The same record with its pictures kept and named; one without pictures comes back as it is.

    Args:
        folder: where relative paths lead from and what they cannot leave; None where no path may be read.
        keeps: whether to store what is new, or only to see whether it could be.

    Raises: InvalidRow, with a sentence, for a picture that cannot be taken or is there twice.
    """
    if all(response.kind != "picture" for response in record.responses):
        return record
    responses = tuple(_taken(response, project, folder, keeps) for response in record.responses)
    kept = [read_content(response.content)["picture"] for response in responses if response.kind == "picture"]
    if len(set(kept)) != len(kept):
        raise InvalidRow(
            _("Two responses are the same picture: nobody could prefer one of them."), reason="identical-responses"
        )
    return replace(record, responses=responses).canonical()


def _taken(response: ResponseRecord, project: Project, folder: Path | None, keeps: bool) -> ResponseRecord:
    if response.kind != "picture":
        return response
    try:
        fields = read_content(response.content)
    except InvalidRecord as error:
        raise _refusal(str(error)) from None
    source, alt = fields["picture"], fields.get("alt", "")
    if SHA256.fullmatch(source):
        data = _kept_bytes(project, source)
    elif source.startswith("data:"):
        data = _bytes_of_data_url(source)
    else:
        data = _bytes_of_file(source, folder)
    return replace(response, content=_keep(data, alt, project, named=source, keeps=keeps).content())


def _keep(data: bytes, alt: str, project: Project, *, named: str, keeps: bool) -> KeptPicture:
    if SHA256.fullmatch(named):
        width, height = _decode(data).size
        return KeptPicture(named, alt, width, height)
    image = _decode(data)
    is_drawing = image.format == "PNG"
    picture = _only_pixels(image)
    pixels = picture.tobytes()
    head = f"{picture.mode} {picture.width}x{picture.height}\n".encode()
    sha256 = hashlib.sha256(head + pixels).hexdigest()
    if keeps:
        _store(picture, picture_name(project.pk, sha256), is_drawing=is_drawing)
    return KeptPicture(sha256, alt, picture.width, picture.height)


def _decode(data: bytes) -> "Image":
    """The first frame of a PNG, JPEG or WebP, told by its bytes; nothing is unpacked before its size is known."""
    from PIL import Image, UnidentifiedImageError  # the web process has no need of it

    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise _refusal(_("A picture is not a PNG, JPEG or WebP file.")) from None
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except Exception:  # a decoder of hostile bytes fails in many ways
        raise _damaged() from None
    if image.width * image.height > MOST_PIXELS:
        raise _too_many_pixels()
    try:
        image.load()
    except Exception:  # as above
        raise _damaged() from None
    return image


def _only_pixels(image: "Image") -> "Image":
    """The picture upright, in sRGB with 8 bits a channel, at most 2,048 pixels long, and nothing else of the file."""
    from PIL import Image, ImageOps

    try:
        if image.mode.startswith(("I", "F")):  # 16 bits of grey
            image = image.convert("I").point(lambda value: value / 256, "L")
        image = ImageOps.exif_transpose(image)
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        image.thumbnail((LONGEST_SIDE_PIXELS, LONGEST_SIDE_PIXELS), Image.Resampling.LANCZOS)
        return Image.frombytes(image.mode, image.size, image.tobytes())
    except Exception:  # metadata is as hostile as pixels
        raise _damaged() from None


def _store(picture: "Image", name: str, *, is_drawing: bool) -> None:
    """Write a picture once. A file that a crash left unfinished does not open, and is written again."""
    storage = picture_storage()
    if storage.exists(name):
        try:
            with storage.open(name) as file:
                _decode(file.read())
        except InvalidRow:
            storage.delete(name)
        else:
            return
    encoded = io.BytesIO()
    if is_drawing and picture.width * picture.height <= LOSSLESS_PIXELS:
        picture.save(encoded, "WEBP", lossless=True, quality=40, method=3)
    else:
        picture.save(encoded, "WEBP", quality=90, method=4)
    written = storage.save(name, ContentFile(encoded.getvalue()))
    if written != name:  # another import was faster
        storage.delete(written)


def _kept_bytes(project: Project, sha256: str) -> bytes:
    name = picture_name(project.pk, sha256)
    storage = picture_storage()
    if not storage.exists(name):
        raise _refusal(
            _("The picture %(name)s… is not kept in this project. Bring the picture itself.") % {"name": sha256[:12]}
        )
    with storage.open(name) as file:
        return file.read()


def _bytes_of_data_url(url: str) -> bytes:
    head, _comma, body = url.partition(",")
    if not head.endswith(";base64"):
        raise _refusal(_("A picture's data URL is not in base64."))
    if len(body) * 3 // 4 > LARGEST_BYTES + 2:
        raise _too_large()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise _refusal(_("A picture's data URL is not in base64.")) from None


def _bytes_of_file(path: str, folder: Path | None) -> bytes:
    if "://" in path:
        raise _refusal(
            _("Pictures are not fetched from the network. Bring the picture as a data URL or a file beside.")
        )
    if folder is None:
        raise _refusal(
            _(
                "A picture in an uploaded file is a data URL. With paths, import on the server with "
                "“manage.py import_responses”."
            )
        )
    try:
        file = (folder / path).resolve(strict=True)
        is_inside = file.is_relative_to(folder.resolve()) and file.is_file()
        size = file.stat().st_size
    except (OSError, ValueError):
        is_inside, size = False, 0
    if not is_inside:
        raise _refusal(_("There is no picture %(path)s in the folder of the imported file.") % {"path": path[:200]})
    if size > LARGEST_BYTES:
        raise _too_large()
    return file.read_bytes()


def _refusal(sentence: str) -> InvalidRow:
    return InvalidRow(sentence, reason="bad-picture")


def _damaged() -> InvalidRow:
    return _refusal(_("A picture is damaged or ends too early."))


def _too_many_pixels() -> InvalidRow:
    return _refusal(_("A picture has more than %(most)d million pixels.") % {"most": MOST_PIXELS // 1_000_000})


def _too_large() -> InvalidRow:
    return _refusal(_("A picture is larger than %(limit)d MB.") % {"limit": LARGEST_BYTES // 1024**2})

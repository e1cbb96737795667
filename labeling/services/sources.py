"""Where a file to import lies if nobody sends it: in an object storage, or as a dataset of the Hugging Face hub.

It is fetched into PLUMBLINE_HOME first, in constant memory, and imported from there like an upload: so it may be read
twice, and an import that was stopped goes on with the very same bytes.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.storage import InvalidStorageError, Storage, storages
from django.utils.translation import gettext as _

from labeling.errors import UnreadableUpload
from preferences.containers import Limits

HUB, STORAGE, S3, FOLDER = "hub:", "storage:", "s3://", "folder:"
ALIAS = "imports"  # of settings.STORAGES
READ_BYTES = 1024 * 1024
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")


def is_source(text: str) -> bool:
    """Whether a text names a place to fetch from, and no file."""
    return text.startswith((HUB, STORAGE, S3, FOLDER))


def check_source(text: str, *, by_operator: bool = False) -> str:
    """The source as it is kept in a run.

    Args:
        by_operator: whether somebody with a shell on this machine asks, who may name any bucket and any folder.

    Raises: UnreadableUpload for what names no place, or one that only an operator may name.
    """
    if text.startswith(HUB):
        name = text.removeprefix(HUB).partition("?")[0]
        if not _HUB_ID.fullmatch(name):
            raise UnreadableUpload(
                _("“%(source)s” is no dataset of the hub. Write hub:owner/name, and ?split=train if not all is meant.")
                % {"source": text[:200]}
            )
        return text
    if text.startswith(STORAGE) and text != STORAGE:
        _storage()
        return text
    if by_operator and text.startswith(FOLDER):
        return text
    if by_operator and all(text.removeprefix(S3).partition("/")) and text.startswith(S3):
        return text
    raise UnreadableUpload(
        _("“%(source)s” is no place to import from. There are hub:owner/name and storage:path/of/a/file.")
        % {"source": text[:200]}
    )


def source_name(text: str) -> str:
    """What a source is called where files are listed: the file's own name, or the dataset's id."""
    return text.removeprefix(HUB) if text.startswith(HUB) else PurePosixPath(text.partition(":")[2]).name


def fetch_source(text: str, out: Path, *, progress: Callable[[], None] = lambda: None) -> str:
    """Copy what a source holds to a file, which appears whole or not at all.

    Args:
        progress: called with each piece; may raise to stop, and nothing is left behind.

    Returns: the sha256.
    Raises: UnreadableUpload, saying why it cannot be had; or it is larger than what a packed file may unpack to.
    """
    limit, size, digest = Limits().file_bytes, 0, hashlib.sha256()
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        with unfinished.open("wb") as file, _opened(text) as pieces:
            for piece in pieces:
                size += len(piece)
                if size > limit:
                    raise UnreadableUpload(
                        _("%(source)s holds more than %(limit)d GB.") % _told(text, limit=limit >> 30)
                    )
                digest.update(piece)
                file.write(piece)
                progress()
        os.replace(unfinished, out)
    finally:
        unfinished.unlink(missing_ok=True)
    return digest.hexdigest()


def _opened(text: str) -> AbstractContextManager[Iterator[bytes]]:
    for prefix in (HUB, FOLDER):
        if text.startswith(prefix):
            return _dataset_pieces(text.removeprefix(prefix))
    if text.startswith(S3):
        bucket, _slash, key = text.removeprefix(S3).partition("/")
        return _stored_pieces(_bucket(bucket), key, text)
    return _stored_pieces(_storage(), text.removeprefix(STORAGE), text)


@contextmanager
def _dataset_pieces(asked: str) -> Iterator[Iterator[bytes]]:
    """The rows of a dataset as JSONL, read by a process of its own. Raises: UnreadableUpload, with what it said."""
    command = [sys.executable, "-m", "preferences.hub", asked]
    environment = {**os.environ, "PYTHONPATH": str(settings.BASE_DIR)}
    # In an empty folder: `datasets` would take a folder of the id's name for the dataset.
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory() as nowhere:
        with subprocess.Popen(command, cwd=nowhere, env=environment, stdout=subprocess.PIPE, stderr=said) as process:
            stream = process.stdout
            assert stream  # noqa: S101
            try:
                yield iter(lambda: stream.read(READ_BYTES), b"")
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines() or [""]
            raise UnreadableUpload(lines[-1][:1000])


@contextmanager
def _stored_pieces(storage: Storage, name: str, text: str) -> Iterator[Iterator[bytes]]:
    try:
        with storage.open(name) as file:
            yield iter(lambda: file.read(READ_BYTES), b"")
    except UnreadableUpload:
        raise
    except (OSError, SuspiciousFileOperation) as error:
        raise UnreadableUpload(_("%(source)s cannot be read: %(why)s.") % _told(text, why=error)) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("botocore", "boto3"):
            raise
        raise UnreadableUpload(_("%(source)s cannot be read: %(why)s.") % _told(text, why=error)) from None


def _storage() -> Storage:
    """Where `storage:` looks. Raises: UnreadableUpload if nobody has said."""
    try:
        return storages[ALIAS]
    except (InvalidStorageError, ImproperlyConfigured) as error:
        raise UnreadableUpload(
            _("There is no storage to import from here: %(why)s Set PLUMBLINE_IMPORT_STORAGE.") % {"why": error}
        ) from None


def _bucket(name: str) -> Storage:
    """A bucket by its name, with the credentials and the endpoint of the machine. Raises: UnreadableUpload."""
    try:
        from storages.backends.s3 import S3Storage
    except ImproperlyConfigured as error:
        raise UnreadableUpload(
            _("Buckets are read by the library “boto3”, which is not installed here: %(why)s") % {"why": error}
        ) from None
    return S3Storage(bucket_name=name)


def _told(text: str, **more: object) -> dict[str, object]:
    return {"source": text[:200], **more}

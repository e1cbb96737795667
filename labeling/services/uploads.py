"""Taking a file in and queueing its import. The row is the truth: a worker that finds the run later imports it."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from labeling.errors import UnreadableUpload, UploadTooLarge
from labeling.models import ImportBatch, Person, Project
from labeling.services.imports import AUTO, readable_formats
from labeling.services.sources import check_source, fetch_source, source_name
from preferences.errors import InvalidMapping
from preferences.formats import FORMATS
from preferences.formats.mapped import NAME as MAPPED
from preferences.formats.mapping import parse_mapping
from runs.models import Run
from runs.services.queueing import queue_run

RUN_KIND = "import"
MAPPING_BYTES = 64 * 1024
UPLOADS = Path("imports") / "uploads"


def keep_upload(chunks: Iterable[bytes], *, limit_bytes: int | None = None) -> tuple[Path, str]:
    """Write an uploaded file under PLUMBLINE_HOME as it arrives.

    Returns: its path, relative to PLUMBLINE_HOME, and its sha256.
    Raises: UploadTooLarge, and then nothing is kept.
    """
    limit = limit_bytes if limit_bytes is not None else settings.PLUMBLINE_UPLOAD_LIMIT_BYTES
    path = UPLOADS / str(uuid4())
    full = Path(settings.PLUMBLINE_HOME) / path
    full.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        with full.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                check_upload_size(size, limit)
                digest.update(chunk)
                file.write(chunk)
    except BaseException:
        full.unlink(missing_ok=True)
        raise
    return path, digest.hexdigest()


def check_upload_size(size_bytes: int, limit_bytes: int | None = None) -> None:
    """Raises: UploadTooLarge, naming the limit and the way around it."""
    limit = limit_bytes if limit_bytes is not None else settings.PLUMBLINE_UPLOAD_LIMIT_BYTES
    if size_bytes > limit:
        raise UploadTooLarge(
            _(
                "The file is larger than %(limit)d MB. Compress it with gzip, split it, or import it on the server "
                "with “manage.py import_responses”."
            )
            % {"limit": limit // 1024**2}
        )


def queue_import(
    *,
    project: Project,
    file: Path | str,
    file_name: str,
    file_sha256: str,
    format: str = AUTO,
    mapping: dict[str, Any] | None = None,
    people_judge_again: bool = True,
    all_or_nothing: bool = False,
    source: str = "",
    created_by: Person | None = None,
) -> ImportBatch:
    """Record that a file is to be imported. The caller then sends `execute_run.delay_on_commit(str(batch.run_id))`.

    Args:
        file: absolute, or relative to PLUMBLINE_HOME (then it is an upload, and goes when the import has succeeded).
        mapping: which columns hold what (`read_mapping`); then the format does not matter.
        source: where the run fetches the file from first (`labeling.services.sources`).

    Raises: UnreadableUpload for a format that does not exist.
    """
    if format != AUTO and format not in FORMATS:
        raise UnreadableUpload(
            _("There is no format “%(format)s” to read. There are: %(formats)s.")
            % {"format": format, "formats": ", ".join(readable_formats())},
            fields={"format": format},
        )
    with transaction.atomic():
        run = queue_run(
            kind=RUN_KIND,
            config={
                "project": project.slug,
                "file": str(file),
                "people_judge_again": people_judge_again,
                "all_or_nothing": all_or_nothing,
                "mapping": mapping,
                "source": source,
            },
            title=_("Import %(file)s") % {"file": file_name},
            created_by=created_by,
            scope=project.slug,
            lineage=[{"label": file_name, "url": f"/projects/{project.slug}/datasets/", "kind": "file"}],
        )
        return ImportBatch.objects.create(
            project=project,
            run=run,
            file_name=Path(file_name).name[:255] or "upload",
            file_sha256=file_sha256,
            format=format if mapping is None else MAPPED,
            created_by=created_by,
        )


def queue_sent_import(chunks: Iterable[bytes], **options: Any) -> ImportBatch:
    """Keep an uploaded file and record that it is to be imported, with the options of `queue_import`.

    Raises: UploadTooLarge, UnreadableUpload; then nothing is kept.
    """
    path, digest = keep_upload(chunks)
    try:
        return queue_import(file=path, file_sha256=digest, **options)
    except BaseException:
        (Path(settings.PLUMBLINE_HOME) / path).unlink(missing_ok=True)
        raise


def queue_fetched_import(
    *, project: Project, source: str, by_operator: bool = False, created_by: Person | None = None, **options: Any
) -> ImportBatch:
    """Record that a file is to be fetched and imported, with the options of `queue_import`; the run fetches it.

    Args:
        source, by_operator: as `check_source` takes them.

    Raises: UnreadableUpload.
    """
    return queue_import(
        project=project,
        file=UPLOADS / str(uuid4()),
        file_name=source_name(source),
        file_sha256="",
        source=check_source(source, by_operator=by_operator),
        created_by=created_by,
        **options,
    )


def fetch_upload(run: Run, *, progress: Callable[[], None] = lambda: None) -> None:
    """Fetch what an import's source holds, unless an earlier attempt did. Raises: UnreadableUpload."""
    source, path = run.config.get("source"), upload_path(run)
    if source and not path.exists():
        digest = fetch_source(source, path, progress=progress)
        ImportBatch.objects.filter(run=run).update(file_sha256=digest)


def read_mapping(content: bytes) -> dict[str, Any]:
    """What a mapping file says, checked. Raises: UnreadableUpload, naming the key that is wrong."""
    if len(content) > MAPPING_BYTES:
        raise UnreadableUpload(_("The mapping is larger than %(limit)d kB.") % {"limit": MAPPING_BYTES // 1024})
    try:
        return parse_mapping(content)
    except InvalidMapping as error:
        raise UnreadableUpload(str(error), fields={"mapping": str(error)}) from None


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def forget_upload(run: Run) -> None:
    """Remove the uploaded file of an import that succeeded; what was rejected is kept apart, and a path stays."""
    file = Path(run.config["file"])
    if not file.is_absolute():
        (Path(settings.PLUMBLINE_HOME) / file).unlink(missing_ok=True)


def upload_path(run: Run) -> Path:
    """Where the file of an import lies."""
    return Path(settings.PLUMBLINE_HOME) / run.config["file"]


def picture_folder(run: Run) -> Path | None:
    """Where the rows of an import may name pictures: beside a file on the server, nowhere for an upload."""
    file = Path(run.config["file"])
    return file.parent if file.is_absolute() else None


def batch_of(run_id: UUID) -> ImportBatch:
    return ImportBatch.objects.select_related("project", "run").get(run_id=run_id)

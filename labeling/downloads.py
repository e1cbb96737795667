"""Files that leave: exports written while they are sent, and the rows an import could not take."""

from django.http import FileResponse, Http404, StreamingHttpResponse

from labeling.models import ImportBatch
from labeling.services.dataset_folder import Folder
from labeling.services.exports import Export
from labeling.services.imports import rejected_path
from preferences.containers.archive import zipped

JSONL = "application/x-ndjson"
ZIP = "application/zip"


def streamed(export: Export) -> StreamingHttpResponse:
    """An export as a download: the first bytes leave at once, and memory stays what it was."""
    return StreamingHttpResponse(
        export.chunks(),
        content_type=export.container.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{export.file_name}"',
            "X-Plumbline-Snapshot": export.snapshot.content_sha256,
        },
    )


def streamed_folder(folder: Folder) -> StreamingHttpResponse:
    """A folder as a ZIP archive, written while it is sent."""
    return StreamingHttpResponse(
        zipped(folder.files(), root=folder.name, at=folder.snapshot.created_at),
        content_type=ZIP,
        headers={
            "Content-Disposition": f'attachment; filename="{folder.name}.zip"',
            "X-Plumbline-Snapshot": folder.snapshot.content_sha256,
        },
    )


def rejected_file(batch: ImportBatch) -> FileResponse:
    """The rejected rows of an import. Raises: Http404 if it has kept none yet."""
    path = rejected_path(batch)
    if not path.exists():
        raise Http404
    name = f"{batch.file_name.split('.')[0] or 'import'}-rejected.jsonl"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=JSONL)

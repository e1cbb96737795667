"""A snapshot as a folder that `datasets.load_dataset` takes as it is: a file a split, and a card."""

import os
import shutil
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from django.utils.translation import gettext as _

from labeling.errors import InvalidSnapshot
from labeling.models import Prompt, QualityReport, Snapshot
from labeling.services.exports import prepare_export, write_export
from preferences.card import Card, CardFile
from preferences.pairs import PairRules
from preferences.splits import SPLITS

CONTAINERS = ("parquet", "jsonl")
CARD = "README.md"
SURE = 0.05


def write_folder(
    *,
    snapshot: Snapshot,
    format: str,
    out: Path,
    container: str = "parquet",
    rules: PairRules | None = None,
    license: str = "unknown",
) -> dict[str, Any]:
    """Write a file for every split that has rows, and a card; the folder appears whole or not at all.

    Args:
        rules: how pairs are derived; those of the manifest by default.
        license: as the hub names licences, for the card.

    Returns: {"snapshot", "format", "rows", "dropped", "not_held", "splits": rows by split}.
    Raises: InvalidSnapshot for a container that a folder does not take, a folder that is not empty, or nothing to
        write; as `prepare_export` and `write_export`.
    """
    if container not in CONTAINERS:
        raise InvalidSnapshot(
            _("A folder holds one of: %(containers)s.") % {"containers": ", ".join(CONTAINERS)},
            fields={"container": container},
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidSnapshot(_("%(folder)s is there already and not empty.") % {"folder": out})
    unfinished = Path(mkdtemp(dir=out.resolve().parent, prefix=f".{out.name}-"))
    try:
        chosen = rules or PairRules.from_dict(snapshot.manifest["rules"])
        told = _fill(unfinished, snapshot, format=format, container=container, rules=chosen, license=license)
        unfinished.chmod(0o755)
        os.replace(unfinished, out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return told


def _fill(
    folder: Path, snapshot: Snapshot, *, format: str, container: str, rules: PairRules, license: str
) -> dict[str, Any]:
    (folder / "data").mkdir()
    files: list[CardFile] = []
    dropped: Counter[str] = Counter()
    told: dict[str, Any] = {}
    for split in SPLITS:
        path = folder / "data" / f"{split}.{container}"
        export = prepare_export(snapshot=snapshot, format=format, container=container, split=split, rules=rules)
        told = write_export(export, path)
        dropped.update(told["dropped"])
        if told["rows"]:
            files.append(CardFile(split, f"data/{path.name}", told["rows"], path.stat().st_size))
        else:
            path.unlink()  # `datasets` reads no file without rows
    if not files:
        raise InvalidSnapshot(_("Nothing of this snapshot can be written as %(format)s.") % {"format": format})
    card = Card(
        title=f"{snapshot.project.name} · {snapshot.name or snapshot.content_sha256[:12]}",
        format=format,
        not_held=told["not_held"],
        files=files,
        features=_features(folder, files) if container == "parquet" else (),
        manifest=snapshot.manifest,
        rules=rules.to_dict(),
        dropped=dict(sorted(dropped.items())),
        languages=_languages(snapshot),
        license=license,
        biases=_biases(snapshot),
    )
    (folder / CARD).write_text(card.markdown(), "utf-8")
    return {
        "snapshot": str(snapshot.pk),
        "format": format,
        "rows": sum(file.rows for file in files),
        "splits": {file.split: file.rows for file in files},
        "dropped": card.dropped,
        "not_held": card.not_held,
    }


def _features(folder: Path, files: list[CardFile]) -> list[dict[str, Any]]:
    from preferences.features import features_of  # Arrow is not loaded before it is needed

    return features_of(folder / file.path for file in files)


def _languages(snapshot: Snapshot) -> list[str]:
    """The languages that the project's prompts say they are in."""
    told = Prompt.objects.filter(project=snapshot.project).exclude(language="")
    return sorted(told.order_by().values_list("language", flat=True).distinct())


def _biases(snapshot: Snapshot) -> list[str]:
    """What the project's latest measurement found, beyond chance, of each kind of bias."""
    report = QualityReport.objects.filter(project=snapshot.project).order_by("-computed_at").first()
    audits = report.result.get("audits", []) if report else []
    return [_sentence(audit) for audit in audits if audit["p_adjusted"] is not None]


def _sentence(audit: dict[str, Any]) -> str:
    headline = next((one for one in audit["findings"] if "value" in one), None)
    if audit["p_adjusted"] >= SURE or headline is None:
        return f"{audit['name']}: nothing beyond chance (p = {audit['p_adjusted']:.2g})."
    interval = f"{headline['value']:.3f} ({headline['low']:.3f} to {headline['high']:.3f})"
    return f"{audit['name']}: {headline['key']} {interval}, p = {audit['p_adjusted']:.2g} after Holm's correction."

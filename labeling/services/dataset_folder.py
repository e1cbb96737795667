"""A snapshot as a folder that `datasets.load_dataset` takes as it is: a file a split, and a card."""

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from django.utils.translation import gettext as _

from labeling.errors import InvalidSnapshot
from labeling.models import Prompt, QualityReport, Snapshot
from labeling.services.exports import Export, prepare_export
from preferences.card import Card, CardFile
from preferences.errors import UnwritableRow
from preferences.pairs import PairRules
from preferences.splits import SPLITS

CONTAINERS = ("parquet", "jsonl")
CARD = "README.md"
LICENSE = re.compile(r"[\w.+-]{1,64}")
SURE = 0.05


@dataclass
class Folder:
    """A folder about to be written. `told()` and the card are complete once `files()` has been read to its end."""

    snapshot: Snapshot
    format: str
    container: str
    rules: PairRules
    license: str
    written: list[CardFile] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    not_held: str = ""
    _ends: list[bytes] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.snapshot.project.slug}-{self.snapshot.content_sha256[:12]}-{self.format}"

    def files(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """(path, bytes piece by piece) of a file for every split that has rows, and of the card at last.

        Each is read to its end before the next is asked for. Raises: UnwritableRow.
        """
        for split in SPLITS:
            export = self._export(split)
            rows = export.rows()
            first = next(rows, None)
            if first is not None:  # `datasets` reads no file without rows
                path = f"data/{split}.{self.container}"
                yield path, self._counted(export, path, chain([first], rows))
            told = export.told()
            self.dropped.update(told["dropped"])
            self.not_held = told["not_held"]
        yield CARD, iter([self.card().markdown().encode()])

    def card(self) -> Card:
        return Card(
            title=f"{self.snapshot.project.name} · {self.snapshot.name or self.snapshot.content_sha256[:12]}",
            format=self.format,
            not_held=self.not_held,
            files=self.written,
            features=self._features(),
            manifest=self.snapshot.manifest,
            rules=self.rules.to_dict(),
            dropped=dict(sorted(self.dropped.items())),
            languages=_languages(self.snapshot),
            license=self.license,
            biases=_biases(self.snapshot),
        )

    def told(self) -> dict[str, Any]:
        """{"snapshot", "format", "rows", "dropped", "not_held", "splits": rows by split}."""
        return {
            "snapshot": str(self.snapshot.pk),
            "format": self.format,
            "rows": sum(file.rows for file in self.written),
            "splits": {file.split: file.rows for file in self.written},
            "dropped": dict(sorted(self.dropped.items())),
            "not_held": self.not_held,
        }

    def _export(self, split: str) -> Export:
        return prepare_export(
            snapshot=self.snapshot, format=self.format, container=self.container, split=split, rules=self.rules
        )

    def _counted(self, export: Export, path: str, rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
        size, last = 0, b""
        for last in export.chunks(rows):
            size += len(last)
            yield last
        self._ends.append(last)  # what a writer says when it finishes comes in one piece
        self.written.append(CardFile(str(export.split), path, export.told()["rows"], size))

    def _features(self) -> list[dict[str, Any]]:
        if self.container != "parquet":
            return []
        from preferences.features import features_of  # Arrow is not loaded before it is needed

        return features_of(self._ends)

    def has_rows(self) -> bool:
        return any(next(self._export(split).rows(), None) is not None for split in SPLITS)


def prepare_folder(
    *,
    snapshot: Snapshot,
    format: str,
    container: str = CONTAINERS[0],
    rules: PairRules | None = None,
    license: str = "unknown",
) -> Folder:
    """Check that a folder can be written, before its first byte.

    Args:
        rules: how pairs are derived; those of the manifest by default.
        license: as the hub names licences, for the card.

    Raises: InvalidSnapshot for a container that a folder does not take, a licence that is no name, or nothing to write;
        as `prepare_export`.
    """
    if container not in CONTAINERS:
        raise InvalidSnapshot(
            _("A folder holds one of: %(containers)s.") % {"containers": ", ".join(CONTAINERS)},
            fields={"container": container},
        )
    if not LICENSE.fullmatch(license):
        raise InvalidSnapshot(
            _("“%(license)s” is no name of a licence. Write it as the hub does, for example cc-by-4.0.")
            % {"license": license[:80]},
            fields={"license": license[:80]},
        )
    chosen = rules or PairRules.from_dict(snapshot.manifest["rules"])
    folder = Folder(snapshot, format, container, chosen, license)
    if not folder.has_rows():
        raise InvalidSnapshot(_("Nothing of this snapshot can be written as %(format)s.") % {"format": format})
    return folder


def write_folder(folder: Folder, out: Path) -> dict[str, Any]:
    """Write a file for every split that has rows, and a card; the folder appears whole or not at all.

    Returns: what `Folder.told` tells.
    Raises: InvalidSnapshot for a folder that is not empty, or a row that the container cannot hold.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidSnapshot(_("%(folder)s is there already and not empty.") % {"folder": out})
    unfinished = Path(mkdtemp(dir=out.resolve().parent, prefix=f".{out.name}-"))
    try:
        for path, pieces in folder.files():
            file = unfinished / path
            file.parent.mkdir(exist_ok=True)
            with file.open("wb") as opened:
                opened.writelines(pieces)
        unfinished.chmod(0o755)
        os.replace(unfinished, out)
    except UnwritableRow as error:
        raise InvalidSnapshot(str(error)) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder.told()


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

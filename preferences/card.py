"""A dataset's card: Markdown for people, below a head in YAML that the hub and `datasets` read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# What the hub files datasets under: a name and the number of rows it ends at.
SIZES = (
    ("n<1K", 1_000),
    ("1K<n<10K", 10_000),
    ("10K<n<100K", 100_000),
    ("100K<n<1M", 1_000_000),
    ("1M<n<10M", 10_000_000),
)


@dataclass(frozen=True)
class CardFile:
    """One file of the folder: the split it is, its path from the folder, its rows and bytes."""

    split: str
    path: str
    rows: int
    size_bytes: int


@dataclass(frozen=True)
class Card:
    """What a dataset says of itself.

    Attributes:
        title: the project's name and the snapshot's.
        format, not_held: the format's name, and in words what it has no place for.
        files: of each split that has rows, in the order of the splits.
        features: the columns as `datasets` writes them in YAML; empty where only the reader can tell.
        manifest: of the snapshot (`preferences.manifest.Manifest.to_dict`).
        rules: how pairs were derived for this export.
        dropped: what the format left out, by reason.
        languages: codes, of the prompts that have one.
        license: as the hub names it; `unknown` until somebody says.
        biases: sentences on what was found about the judgments; empty if nobody has measured.
    """

    title: str
    format: str
    not_held: str
    files: Sequence[CardFile]
    manifest: Mapping[str, Any]
    rules: Mapping[str, str]
    dropped: Mapping[str, int]
    features: Sequence[Mapping[str, Any]] = ()
    languages: Sequence[str] = ()
    license: str = "unknown"
    biases: Sequence[str] = field(default_factory=tuple)

    def markdown(self) -> str:
        """The whole card, as README.md holds it."""
        head = "\n".join(_yaml(self._head()))
        return f"---\n{head}\n---\n\n" + "\n".join(self._body()) + "\n"

    def _head(self) -> dict[str, Any]:
        rows = sum(file.rows for file in self.files)
        info: dict[str, Any] = {"features": [dict(one) for one in self.features]} if self.features else {}
        info["splits"] = [
            {"name": file.split, "num_bytes": file.size_bytes, "num_examples": file.rows} for file in self.files
        ]
        return {
            "pretty_name": self.title,
            "license": self.license,
            **({"language": list(self.languages)} if self.languages else {}),
            "size_categories": [next((name for name, end in SIZES if rows < end), "n>10M")],
            "tags": ["preference", "human-feedback", self.format],
            "configs": [
                {
                    "config_name": "default",
                    "data_files": [{"split": file.split, "path": file.path} for file in self.files],
                }
            ],
            "dataset_info": info,
        }

    def _body(self) -> Iterator[str]:
        manifest, counts = self.manifest, self.manifest["counts"]
        yield f"# {self.title}\n"
        yield (
            f"{counts['judgments']} judgments by {counts['annotators']} annotators on {counts['comparisons']} "
            f"comparisons of {counts['prompts']} prompts, and {counts['demonstrations']} demonstrations, as "
            f"`{self.format}` rows.\n"
        )
        yield from _table(("split", "rows", "file"), [(f.split, f.rows, f"`{f.path}`") for f in self.files])
        yield "\n## What it holds\n"
        yield from _table(("what", "how many"), [(name, n) for name, n in counts.items() if name != "splits"])
        if self.features:
            yield "\n## Features\n"
            yield from _table(("column", "type"), [(one["name"], f"`{_type(one)}`") for one in self.features])
        yield "\n## How it was made\n"
        yield from _table(("rule", "value"), list(self.rules.items()))
        yield "\nFilters:\n"
        chosen = {name: value for name, value in manifest["filters"].items() if value}
        yield from _table(
            ("filter", "value"), [(n, f"`{json.dumps(v, ensure_ascii=False)}`") for n, v in chosen.items()]
        )
        yield f"\nSplit by prompt: `{json.dumps(manifest['split'])}`."
        if manifest["guideline_versions"]:
            yield f"\nGuidelines: versions {', '.join(map(str, manifest['guideline_versions']))}."
        yield "\n## What was left out\n"
        left = {**manifest["drops"], **{f"by the format: {reason}": n for reason, n in self.dropped.items()}}
        yield from _table(("reason", "how many"), list(left.items()))
        yield f"\nThe format has no place for: {self.not_held}."
        yield "\n## Where it comes from\n"
        yield f"Snapshot `{manifest['content_sha256']}` of project `{manifest['extra'].get('project', '')}`, frozen by "
        yield f"Plumbline {manifest['created_with'].get('plumbline', '')}. Annotators appear under pseudonyms. Of the "
        yield f"judgments {counts['imported']} were imported and {counts['simulated']} simulated.\n"
        yield "## Known biases\n"
        yield from [f"- {sentence}" for sentence in self.biases] or ["Nobody has measured them."]


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    if not rows:
        yield "None."
        return
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(_cell(value) for value in row)} |"


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _type(feature: Mapping[str, Any]) -> str:
    if "dtype" in feature:
        return str(feature["dtype"])
    kind = "list" if "list" in feature else "struct"
    inner = feature[kind]
    if isinstance(inner, str):
        return f"{kind} of {inner}"
    if isinstance(inner, Mapping):
        return f"{kind} of {_type(inner)}"
    return f"{kind} of " + ", ".join(f"{one['name']}: {_type(one)}" for one in inner)


def _yaml(value: Any, indent: str = "") -> Iterator[str]:
    """Block style for what nests, JSON for what does not: every JSON scalar is one of YAML."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _yaml_item(f"{indent}{name}:", item, indent)
        return
    for item in value:
        if isinstance(item, Mapping):
            first, *others = _yaml(item, f"{indent}  ")
            yield f"{indent}- {first.strip()}"
            yield from others
        else:
            yield f"{indent}- {_scalar(item)}"


def _yaml_item(start: str, item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, Mapping | list) and item:
        yield start
        yield from _yaml(item, indent if isinstance(item, list) else f"{indent}  ")
    else:
        yield f"{start} {_scalar(item)}"


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)

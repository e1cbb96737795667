"""A split of a snapshot as a training run reads it."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from preferences.manifest import Manifest
from preferences.pairs import PairRules
from preferences.snapshot import manifest_of_file, read_snapshot
from preferences.splits import Split
from preferences.targets import TargetKind
from rewardmodel.core.config.data import DROP, DataSettings
from rewardmodel.core.data.template import Template
from rewardmodel.core.data.token_store import cached
from rewardmodel.core.data.training_set import Tokenizing, TrainingSet
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.run_directory import RunDirectory


def manifest_of(settings: DataSettings) -> Manifest:
    """What the snapshot that the settings name says about itself.

    Raises: InvalidConfig if there is no such file; DamagedSnapshot if it is no snapshot, or another than its manifest
        names: a model says which one it comes from, and tokens are cached by that name.
    """
    if not Path(settings.snapshot).is_file():
        raise InvalidConfig(f"snapshot: there is no file {settings.snapshot}.", field="snapshot")
    return manifest_of_file(settings.snapshot)


def read_split(
    directory: RunDirectory,
    settings: DataSettings,
    split: Split,
    *,
    manifest: Manifest,
    rules: PairRules,
    template: Template,
    targets: Collection[TargetKind],
) -> TrainingSet:
    """The comparisons of a split, tokenized, through the token cache if the settings name one.

    Only what is trained on counts votes together. Elsewhere each judgment speaks for itself, as it does in the report,
    so that a temperature fitted there is that of single verdicts.

    Args:
        manifest: of the snapshot that the settings name.
        rules: how judgments become pairs.
        targets: which kinds of target a comparison must have at least one of.

    Raises: Stopped when asked to; DamagedSnapshot; TokenCacheUnwritable.
    """
    if split != "train":
        rules = replace(rules, votes="each")
    rows = read_snapshot(settings.snapshot, split=split, kind="comparison")
    tokenizing = Tokenizing(
        directory.interruptible(rows),
        rules=rules,
        template=template,
        targets=targets,
        annotator_weights=settings.annotator_weights,
        drops_long=settings.long_rows == DROP,
    )
    if settings.token_cache is None:
        return tokenizing.in_memory()
    weights = json.dumps(settings.annotator_weights and dict(settings.annotator_weights), sort_keys=True)
    parts = {
        "snapshot": manifest.content_sha256,
        "split": split,
        "rules": rules.to_dict(),
        "annotator_weights": hashlib.sha256(weights.encode()).hexdigest(),
        "targets": sorted(targets),
        "template": template.digest,
        "long_rows": settings.long_rows,
    }
    return cached(Path(settings.token_cache), parts, tokenizing, stop_if_asked=directory.stop_if_asked)

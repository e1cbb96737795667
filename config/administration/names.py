"""What Django's administration calls our tables and columns, in the reader's language.

Models carry no names of their own: Django makes them of the attributes ("created_at" → "created at"), and those are
what code, exports and API say. Here they are looked up in the catalogue where the administration shows them.
"""

from typing import Any

from django.contrib import admin
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

# For the catalogue to know them; a test holds the list against the models.
KNOWN = (
    pgettext_lazy("column", "accepted"),
    pgettext_lazy("column", "accepted warning"),
    pgettext_lazy("column", "against"),
    pgettext_lazy("column", "alias"),
    pgettext_lazy("column", "all bad"),
    pgettext_lazy("column", "annotator"),
    pgettext_lazy("column", "asked"),
    pgettext_lazy("column", "assignment"),
    pgettext_lazy("column", "assignments"),
    pgettext_lazy("column", "attempt"),
    pgettext_lazy("column", "attempt progress"),
    pgettext_lazy("column", "attempt started at"),
    pgettext_lazy("column", "backbone"),
    pgettext_lazy("column", "cancel requested at"),
    pgettext_lazy("column", "changed at"),
    pgettext_lazy("column", "changed by"),
    pgettext_lazy("column", "check name"),
    pgettext_lazy("column", "client id"),
    pgettext_lazy("column", "closed at"),
    pgettext_lazy("column", "comparison"),
    pgettext_lazy("column", "comparisons"),
    pgettext_lazy("column", "config"),
    pgettext_lazy("column", "content hash"),
    pgettext_lazy("column", "content sha256"),
    pgettext_lazy("column", "created at"),
    pgettext_lazy("column", "created by"),
    pgettext_lazy("column", "data"),
    pgettext_lazy("column", "decided at"),
    pgettext_lazy("column", "decided by"),
    pgettext_lazy("column", "digest"),
    pgettext_lazy("column", "directory"),
    pgettext_lazy("column", "drawn by"),
    pgettext_lazy("column", "dwell ms"),
    pgettext_lazy("column", "end"),
    pgettext_lazy("column", "error"),
    pgettext_lazy("column", "evaluation"),
    pgettext_lazy("column", "evaluations"),
    pgettext_lazy("column", "expires at"),
    pgettext_lazy("column", "figures"),
    pgettext_lazy("column", "file"),
    pgettext_lazy("column", "file name"),
    pgettext_lazy("column", "file sha256"),
    pgettext_lazy("column", "fingerprint"),
    pgettext_lazy("column", "finished at"),
    pgettext_lazy("column", "flags"),
    pgettext_lazy("column", "format"),
    pgettext_lazy("column", "found at"),
    pgettext_lazy("column", "generation"),
    pgettext_lazy("column", "generations"),
    pgettext_lazy("column", "guideline version"),
    pgettext_lazy("column", "guideline versions"),
    pgettext_lazy("column", "heartbeat at"),
    pgettext_lazy("column", "id"),
    pgettext_lazy("column", "identical"),
    pgettext_lazy("column", "import batch"),
    pgettext_lazy("column", "import batches"),
    pgettext_lazy("column", "installation role"),
    pgettext_lazy("column", "is active"),
    pgettext_lazy("column", "is archived"),
    pgettext_lazy("column", "is reopened"),
    pgettext_lazy("column", "is retraction"),
    pgettext_lazy("column", "is surplus"),
    pgettext_lazy("column", "judged at"),
    pgettext_lazy("column", "judgment"),
    pgettext_lazy("column", "judgments"),
    pgettext_lazy("column", "kind"),
    pgettext_lazy("column", "lineage"),
    pgettext_lazy("column", "manifest"),
    pgettext_lazy("column", "max attempts"),
    pgettext_lazy("column", "membership"),
    pgettext_lazy("column", "memberships"),
    pgettext_lazy("column", "message"),
    pgettext_lazy("column", "metadata"),
    pgettext_lazy("column", "method"),
    pgettext_lazy("column", "metrics"),
    pgettext_lazy("column", "moderation finding"),
    pgettext_lazy("column", "moderation findings"),
    pgettext_lazy("column", "name"),
    pgettext_lazy("column", "number"),
    pgettext_lazy("column", "open slots"),
    pgettext_lazy("column", "outcome"),
    pgettext_lazy("column", "parent"),
    pgettext_lazy("column", "person"),
    pgettext_lazy("column", "policy"),
    pgettext_lazy("column", "preferences"),
    pgettext_lazy("column", "priority"),
    pgettext_lazy("column", "progress done"),
    pgettext_lazy("column", "progress total"),
    pgettext_lazy("column", "project"),
    pgettext_lazy("column", "projects"),
    pgettext_lazy("column", "prompt"),
    pgettext_lazy("column", "prompts"),
    pgettext_lazy("column", "pseudonym"),
    pgettext_lazy("column", "purpose"),
    pgettext_lazy("column", "ranking"),
    pgettext_lazy("column", "ratings"),
    pgettext_lazy("column", "reason"),
    pgettext_lazy("column", "recorded at"),
    pgettext_lazy("column", "reference"),
    pgettext_lazy("column", "rejected"),
    pgettext_lazy("column", "rejected file"),
    pgettext_lazy("column", "response"),
    pgettext_lazy("column", "responses"),
    pgettext_lazy("column", "result"),
    pgettext_lazy("column", "review"),
    pgettext_lazy("column", "reviewer"),
    pgettext_lazy("column", "reviews"),
    pgettext_lazy("column", "revision"),
    pgettext_lazy("column", "reward model"),
    pgettext_lazy("column", "reward model alias"),
    pgettext_lazy("column", "reward models"),
    pgettext_lazy("column", "role"),
    pgettext_lazy("column", "rows"),
    pgettext_lazy("column", "run"),
    pgettext_lazy("column", "run metric"),
    pgettext_lazy("column", "run metrics"),
    pgettext_lazy("column", "runs"),
    pgettext_lazy("column", "sampling"),
    pgettext_lazy("column", "scope"),
    pgettext_lazy("column", "seen at"),
    pgettext_lazy("column", "sequence"),
    pgettext_lazy("column", "severity"),
    pgettext_lazy("column", "shown order"),
    pgettext_lazy("column", "shuffle"),
    pgettext_lazy("column", "skip reason"),
    pgettext_lazy("column", "slug"),
    pgettext_lazy("column", "snapshot"),
    pgettext_lazy("column", "snapshots"),
    pgettext_lazy("column", "source"),
    pgettext_lazy("column", "start"),
    pgettext_lazy("column", "started at"),
    pgettext_lazy("column", "state"),
    pgettext_lazy("column", "step"),
    pgettext_lazy("column", "strength"),
    pgettext_lazy("column", "supersedes"),
    pgettext_lazy("column", "sweep"),
    pgettext_lazy("column", "sweeps"),
    pgettext_lazy("column", "takes slot"),
    pgettext_lazy("column", "target judgments"),
    pgettext_lazy("column", "text"),
    pgettext_lazy("column", "title"),
    pgettext_lazy("column", "unchanged"),
    pgettext_lazy("column", "use"),
    pgettext_lazy("column", "values"),
    pgettext_lazy("column", "verdict hash"),
    pgettext_lazy("column", "worker"),
    pgettext_lazy("column", "written"),
)
IRREGULAR = {"import batchs": "import batches"}
OUR_APPS = ("runs", "labeling", "rewardmodel", "finetuning")


def name_everything() -> None:
    """Give each of our models in the administration, and their columns, a name to translate."""
    for model in admin.site._registry:
        meta = model._meta
        if meta.app_label not in OUR_APPS:
            continue
        for field in meta.fields:
            field.verbose_name = _translated(field.verbose_name)
        if "verbose_name_plural" not in meta.original_attrs:
            plural = f"{meta.verbose_name}s"
            meta.verbose_name_plural = _translated(IRREGULAR.get(plural, plural))
        meta.verbose_name = _translated(meta.verbose_name)


def _translated(name: Any) -> Any:
    """The name Django made, to be looked up when it is shown; one that was given with a model stays."""
    return name if isinstance(name, Promise) else pgettext_lazy("column", name)

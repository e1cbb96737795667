"""What a new policy is called."""

import re

from django.utils.translation import gettext as _

from finetuning.errors import InvalidPolicyRun, NameTaken
from finetuning.models import Policy
from runs.models import Run

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,118}")
MAKING_KINDS = ("make_base", "finetune_policy")
LONGEST_STEM = 110


def free_name(name: str, *, stem: str) -> str:
    """The name asked for, or the stem with the next free number.

    Raises: InvalidPolicyRun if it cannot be part of an address, NameTaken if it is given already.
    """
    waiting = Run.objects.filter(kind__in=MAKING_KINDS).exclude(state__in=[Run.State.FAILED, Run.State.CANCELLED])
    taken = {*Policy.objects.values_list("name", flat=True), *waiting.values_list("config__name", flat=True)}
    if not name:
        number = 1
        while f"{stem[:LONGEST_STEM]}-{number}" in taken:
            number += 1
        return f"{stem[:LONGEST_STEM]}-{number}"
    if not NAME.fullmatch(name):
        raise InvalidPolicyRun(
            _("“%(name)s” cannot be a policy's name. Use small letters, digits and hyphens.") % {"name": name},
            fields={"name": _("small letters, digits and hyphens")},
        )
    if name in taken:
        raise NameTaken(
            _("There is a policy “%(name)s” already. Choose another name.") % {"name": name},
            fields={"name": _("taken")},
        )
    return name

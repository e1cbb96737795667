"""How answers are drawn, checked before a run is queued."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from finetuning.core.answer_config import GenerateConfig
from finetuning.errors import InvalidPolicyRun
from rewardmodel.core.errors import InvalidConfig

SETTINGS = ("temperature", "top_p", "max_response_tokens", "samples_per_prompt", "seed")
MOST_SAMPLES = 9  # nobody ranks more answers than that
MOST_TOKENS = 8192


def check_sampling(values: Mapping[str, Any]) -> dict[str, Any]:
    """Every sampling setting, those that were given and the defaults of the others.

    Raises: InvalidPolicyRun for a setting that does not exist or cannot have that value.
    """
    for name in values:
        if name not in SETTINGS:
            raise InvalidPolicyRun(
                _("There is no setting “%(name)s”. The settings are: %(known)s.")
                % {"name": name, "known": ", ".join(SETTINGS)},
                fields={name: _("unknown")},
            )
    try:
        sampling = GenerateConfig.from_dict({**values, "policies": {"-": "-"}}).sampling
    except InvalidConfig as error:
        raise InvalidPolicyRun(str(error), fields={"sampling": str(error)}) from error
    if sampling.samples_per_prompt > MOST_SAMPLES or sampling.max_response_tokens > MOST_TOKENS:
        raise InvalidPolicyRun(
            _("At most %(samples)d answers to a prompt, of at most %(tokens)d tokens each.")
            % {"samples": MOST_SAMPLES, "tokens": MOST_TOKENS},
            fields={"sampling": _("too many")},
        )
    return sampling.to_dict()

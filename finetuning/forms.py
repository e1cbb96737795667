"""The forms of the pages about policies."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from finetuning.core.answer_config import GenerateConfig
from finetuning.core.base_config import BaseConfig
from finetuning.core.finetune_config import DEFAULTS
from finetuning.models import Policy
from finetuning.queries import DEMO_CORPUS, policies_visible_to
from finetuning.services.generate import DEFAULT_LIMIT, MOST_PROMPTS
from finetuning.services.playground import LONGEST_PROMPT_CHARACTERS
from finetuning.services.sampling import MOST_TOKENS
from labeling.models import Person, Project, Snapshot
from labeling.queries import projects_visible_to
from rewardmodel.forms import OnceForm, SnapshotChoice
from rewardmodel.models import RewardModel
from rewardmodel.queries import champion, snapshots_visible_to

BASE = BaseConfig(corpus=("-",))
ANSWER = GenerateConfig(policies={"-": "-"})
NAME_HELP = _("Small letters, digits and hyphens. Left empty, it gets a number.")


class SettingsForm(forms.Form):
    """A form some of whose fields are settings: those left empty take their default."""

    settings_fields: tuple[str, ...] = ()

    def settings(self) -> dict[str, Any]:
        """The settings that were filled in."""
        filled = {name: self.cleaned_data.get(name) for name in self.settings_fields}
        return {name: value for name, value in filled.items() if value not in (None, "")}


class BaseForm(OnceForm, SettingsForm):
    """What a base policy is made from."""

    settings_fields = ("steps", "hidden_size", "layers")

    corpus = forms.ChoiceField(
        label=_("Corpus"), help_text=_("It learns to continue these conversations, good answers and bad ones alike.")
    )
    name = forms.CharField(label=_("Name"), max_length=119, required=False, help_text=NAME_HELP)
    steps = forms.IntegerField(label=_("Steps"), required=False, min_value=1, max_value=1_000_000)
    hidden_size = forms.IntegerField(label=_("Width of a layer"), required=False, min_value=8, max_value=8192)
    layers = forms.IntegerField(label=_("Layers"), required=False, min_value=1, max_value=128)

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label_of = SnapshotChoice(queryset=Snapshot.objects.none()).label_from_instance
        snapshots = [(str(snapshot.pk), label_of(snapshot)) for snapshot in snapshots_visible_to(person)]
        self.fields["corpus"].choices = [(DEMO_CORPUS, _("the demo corpus")), *snapshots]  # type: ignore[attr-defined]
        for name in self.settings_fields:
            self.fields[name].widget.attrs["placeholder"] = getattr(BASE, name)


class FinetuneForm(OnceForm, SettingsForm):
    """How a policy should be fine-tuned."""

    settings_fields = ("steps", "learning_rate", "kl_coefficient")

    method = forms.ChoiceField(
        label=_("Method"),
        choices=[
            ("rloo", _("RLOO: seek reward")),
            ("grpo", _("GRPO: seek reward")),
            ("dpo", _("DPO: learn from pairs")),
            ("sft", _("SFT: imitate demonstrations")),
        ],
    )
    reward_model = forms.ModelChoiceField(
        label=_("Reward model"),
        queryset=RewardModel.objects.all(),
        to_field_name="name",
        required=False,
        help_text=_("Steers RLOO and GRPO, and measures any method before and after."),
    )
    snapshot = SnapshotChoice(
        label=_("Snapshot"),
        queryset=Snapshot.objects.none(),
        required=False,
        empty_label=_("what the reward model learned from"),
    )
    name = forms.CharField(label=_("Name"), max_length=119, required=False, help_text=NAME_HELP)
    steps = forms.IntegerField(label=_("Steps"), required=False, min_value=1, max_value=1_000_000)
    learning_rate = forms.FloatField(label=_("Learning rate"), required=False, min_value=1e-9, max_value=1)
    kl_coefficient = forms.FloatField(label=_("KL coefficient"), required=False, min_value=1e-6, max_value=100)

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["snapshot"].queryset = snapshots_visible_to(person)  # type: ignore[attr-defined]
        model = champion()
        self.fields["reward_model"].initial = model.name if model else None
        self.fields["steps"].widget.attrs["placeholder"] = DEFAULTS["rloo"]["steps"]
        self.fields["learning_rate"].widget.attrs["placeholder"] = DEFAULTS["rloo"]["learning_rate"]
        self.fields["kl_coefficient"].widget.attrs["placeholder"] = "0.03"


class GenerationForm(OnceForm, SettingsForm):
    """Where a policy's answers should be judged, and beside whose."""

    settings_fields = ("temperature",)

    project = forms.ModelChoiceField(label=_("Project"), queryset=Project.objects.none(), to_field_name="slug")
    against = forms.ModelChoiceField(
        label=_("Beside the answers of"),
        queryset=Policy.objects.none(),
        to_field_name="name",
        required=False,
        empty_label=_("itself: two answers each"),
    )
    limit = forms.IntegerField(label=_("Prompts, at most"), min_value=1, max_value=MOST_PROMPTS, initial=DEFAULT_LIMIT)
    temperature = forms.FloatField(label=_("Temperature"), required=False, min_value=0, max_value=10)
    before_old_work = forms.BooleanField(label=_("Hand them out before what waits already"), required=False)

    def __init__(self, *args: Any, person: Person, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = projects_visible_to(person)  # type: ignore[attr-defined]
        others = policies_visible_to(person).exclude(pk=policy.pk)
        self.fields["against"].queryset = others  # type: ignore[attr-defined]
        self.fields["against"].initial = policy.parent.name if policy.parent else None
        self.fields["temperature"].widget.attrs["placeholder"] = ANSWER.temperature


class TrialForm(OnceForm, SettingsForm):
    """One or two policies and a prompt for them."""

    settings_fields = ("temperature", "max_response_tokens", "seed")

    policy = forms.ModelChoiceField(label=_("Policy"), queryset=Policy.objects.none(), to_field_name="name")
    other = forms.ModelChoiceField(
        label=_("Beside"), queryset=Policy.objects.none(), to_field_name="name", required=False, empty_label=_("nobody")
    )
    prompt = forms.CharField(
        label=_("Prompt"),
        max_length=LONGEST_PROMPT_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )
    temperature = forms.FloatField(label=_("Temperature"), required=False, min_value=0, max_value=10)
    max_response_tokens = forms.IntegerField(
        label=_("Longest answer, in tokens"), required=False, min_value=1, max_value=MOST_TOKENS
    )
    seed = forms.IntegerField(label=_("Seed"), required=False, min_value=0, max_value=2**31 - 1)

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("policy", "other"):
            self.fields[name].queryset = policies_visible_to(person)  # type: ignore[attr-defined]
        for name in self.settings_fields:
            self.fields[name].widget.attrs["placeholder"] = getattr(ANSWER, name)

    def policies(self) -> list[Policy]:
        """The policies that were chosen."""
        chosen = (self.cleaned_data["policy"], self.cleaned_data["other"])
        return [policy for policy in chosen if policy is not None]

"""The forms of a project's settings, one a section; each says which fields of the project it sets."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from labeling.models import Project
from labeling.services.projects import ProjectFields


class PercentField(forms.FloatField):
    """A share, 0 to 1, that people read and write in per cent."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"min_value": 0, "max_value": 100, "step_size": None} | kwargs
        super().__init__(**kwargs)
        self.widget.attrs["step"] = "any"

    def prepare_value(self, value: Any) -> Any:
        return f"{value * 100:g}" if isinstance(value, float | int) else value

    def clean(self, value: Any) -> float | None:
        percent = super().clean(value)
        return None if percent is None else percent / 100


class SectionForm(forms.Form):
    """One section of the settings, which begins with what the project says now."""

    section: ClassVar[str]

    def __init__(self, data: Any = None, *, project: Project) -> None:
        super().__init__(data, initial={name: self.begin(name, getattr(project, name)) for name in self.base_fields})

    def begin(self, name: str, value: Any) -> Any:
        return value

    def changes(self) -> ProjectFields:
        """The fields of the project that this form sets."""
        return self.cleaned_data  # type: ignore[return-value]  # the form's fields are the project's

    @property
    def rows(self) -> list[list[forms.BoundField]]:
        """The fields as they stand on the page: those of one tuple share a line."""
        return [[self[name] for name in row] for row in self.layout]

    layout: ClassVar[Sequence[Sequence[str]]]


class AboutForm(SectionForm):
    """What the project is called, and what it is for."""

    section = "about"
    layout = [["name"], ["description"]]

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 3}))


class QueueForm(SectionForm):
    """Who gets what next, and how many people judge it."""

    section = "queue"
    layout = [
        ["queue_policy"],
        ["judgments_per_comparison", "most_judgments", "wanted_confidence"],
        ["control_share", "gold_share", "repeat_share"],
        ["daily_quota", "lease_seconds"],
    ]

    queue_policy = forms.ChoiceField(label=_("Order of the queue"), choices=Project.QueuePolicy.choices)
    judgments_per_comparison = forms.IntegerField(
        label=_("Judgments per comparison"),
        min_value=1,
        max_value=100,
        help_text=_("By different people. Holds for comparisons imported from now on."),
    )
    most_judgments = forms.IntegerField(
        label=_("At most, when people disagree"),
        min_value=1,
        max_value=100,
        required=False,
        help_text=_("Up to so many more people are asked. Empty: nobody more."),
    )
    wanted_confidence = PercentField(
        label=_("Enough at a confidence of, in %"),
        min_value=50.1,
        max_value=99.9,
        help_text=_("How probable the leading answer must be, given what was said."),
    )
    control_share = PercentField(
        label=_("Control, in %"), help_text=_("Handed out at random, whatever the order: an honest sample.")
    )
    gold_share = PercentField(label=_("Gold, in %"), help_text=_("Comparisons whose answer you know."))
    repeat_share = PercentField(
        label=_("Repeats, in %"), help_text=_("The same comparison again, to see whether people agree with themselves.")
    )
    daily_quota = forms.IntegerField(
        label=_("Comparisons a day for each annotator"),
        min_value=1,
        required=False,
        help_text=_("Leave it empty for no limit. Members may have their own."),
    )
    lease_seconds = forms.IntegerField(
        label=_("Lease, in seconds"),
        min_value=5,
        max_value=86_400,
        help_text=_("How long a comparison stays with somebody who gives no sign of life."),
    )


class JoiningForm(SectionForm):
    """What stands between joining and the first judgment."""

    section = "joining"
    layout = [
        ["requires_acceptance"],
        ["requires_practice"],
        ["exam_pass_share"],
        ["content_warning"],
        ["sensitive_topics"],
    ]

    requires_acceptance = forms.BooleanField(
        label=_("Guidelines must be accepted"),
        required=False,
        help_text=_("Once for each version: a new wording is accepted anew."),
    )
    requires_practice = forms.BooleanField(
        label=_("Practice comes first"),
        required=False,
        help_text=_("The practice comparisons of this project, each with feedback."),
    )
    exam_pass_share = PercentField(
        label=_("Exam: share to get right, in %"),
        required=False,
        help_text=_("Of the exam comparisons of this project. Empty: no exam."),
    )
    content_warning = forms.CharField(
        label=_("Content warning"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Shown before the first comparison."),
    )
    sensitive_topics = forms.CharField(
        label=_("Sensitive topics"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line, with what to warn of: self-harm: speaks of suicide. People may decline a topic."),
    )

    def begin(self, name: str, value: Any) -> Any:
        if name != "sensitive_topics":
            return value
        return "\n".join(": ".join(part for part in (t["name"], t.get("warning", "")) if part) for t in value)

    def clean_sensitive_topics(self) -> list[dict[str, str]]:
        lines = [line.strip() for line in self.cleaned_data["sensitive_topics"].splitlines() if line.strip()]
        parted = [line.partition(":") for line in lines]
        return [{"name": name.strip(), "warning": warning.strip()} for name, _colon, warning in parted]


SECTIONS: tuple[type[SectionForm], ...] = (QueueForm, JoiningForm, AboutForm)

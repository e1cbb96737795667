"""What moderation has to say before a snapshot is frozen."""

from typing import Any

from django import template
from django.template import Context

from labeling.models import Project
from labeling.moderated import summary_of

register = template.Library()


@register.inclusion_tag("labeling/_moderation_summary.html", takes_context=True)
def moderation_summary(context: Context, project: Project) -> dict[str, Any]:
    """How much of a project's data was looked through, what waits for a decision, and what is excluded."""
    role = getattr(context.get("request"), "role", "")
    return {"project": project, "summary": summary_of(project), "may_open": role in ("reviewer", "manager")}

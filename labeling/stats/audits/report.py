"""All audits at once, and which of them still stand out when so many were asked."""

from collections.abc import Mapping, Sequence

from labeling.stats.audits.effects import Audit, Effect, holm
from labeling.stats.audits.fatigue import fatigue_audit
from labeling.stats.audits.length import length_audit
from labeling.stats.audits.markdown import markdown_audit
from labeling.stats.audits.own import own_audit
from labeling.stats.audits.position import position_audit
from labeling.stats.audits.rows import AuditRow, with_agreement
from labeling.stats.audits.speed import speed_audit

LEVEL = 0.05


def all_audits(rows: Sequence[AuditRow]) -> tuple[Audit, ...]:
    """Every audit of the same judgments; agreement is that with the others where a row names none (gold)."""
    agreeing = with_agreement(rows)
    return (
        position_audit(rows),
        length_audit(rows),
        markdown_audit(rows),
        own_audit(rows),
        fatigue_audit(agreeing),
        speed_audit(agreeing),
    )


def adjusted(effects: Mapping[str, object]) -> dict[str, float]:
    """Holm's p-values of those of several effects that have one, by name."""
    tested = {
        name: effect.p_value
        for name, effect in effects.items()
        if isinstance(effect, Effect) and effect.p_value is not None
    }
    return dict(zip(tested, holm(list(tested.values())), strict=True))


def adjusted_headlines(audits: Sequence[Audit]) -> dict[str, float]:
    """Holm's p-values of the headlines of audits shown together, by the audit's name."""
    return adjusted({audit.name: audit.headline.effect for audit in audits})


def sentence(audits: Sequence[Audit]) -> str:
    """Which audits stand out when all are looked at together, for the page's head."""
    p_values = adjusted_headlines(audits)
    if not p_values:
        return "No audit can be answered with these judgments."
    clear = [name for name, p_value in p_values.items() if p_value < LEVEL]
    found = ", ".join(clear) if clear else "none"
    return (
        f"Of {len(p_values)} audits that can be answered, these stand out after Holm's correction for asking all of "
        f"them (5 % level): {found}."
    )

"""manage.py check_invariants"""

from dataclasses import asdict
from typing import Any

from config.commands import JsonCommand
from labeling.errors import InvariantBroken
from labeling.invariants import RULES, find_violations


class Command(JsonCommand):
    help = "Prove the rules that span rows again, on the whole database; exits 1 if one is broken."

    def handle_json(self, **options: Any) -> dict[str, Any]:
        violations = [asdict(violation) for violation in find_violations()]
        if violations:
            sentences = "; ".join(f"{broken['rule']} ({broken['rows']} rows)" for broken in violations)
            raise InvariantBroken(f"Broken: {sentences}.", fields={"violations": violations})
        return {"rules": len(RULES) + 1, "violations": 0}

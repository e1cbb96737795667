"""manage.py sweep_reward_models SNAPSHOT [--config F] --vary learning_rate=1e-5,1e-4 … [--draws N] [--seeds 0,1,2]"""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from config.commands import JsonCommand
from rewardmodel.api.sweeps import shown_choice, shown_outcome
from rewardmodel.core.config.sweep import read_assignment
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.errors import InvalidSweep
from rewardmodel.evaluation_words import said_figure
from rewardmodel.management.commands.train_reward_model import read_config
from rewardmodel.models import Sweep
from rewardmodel.queries import get_snapshot
from rewardmodel.services.sweep import cancel_sweep, queue_sweep
from rewardmodel.sweep_charts import said_value
from rewardmodel.sweep_outcomes import Outcome, choice_among, outcomes_of
from runs.errors import RunFailed
from runs.models import Run
from runs.services.waiting import run_here
from runs.tasks import nudge_runs


class Command(JsonCommand):
    help = "Train reward models over a grid or a draw of settings; validation chooses. Without --wait workers do it."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("snapshot", help="A snapshot's id or name, or the beginning of its content hash.")
        parser.add_argument("--config", help="A JSON file with settings of TrainConfig that all runs share.")
        parser.add_argument(
            "--vary",
            action="append",
            default=[],
            metavar="SETTING=VALUES",
            help="Values with commas between them, or log:LOW:HIGH or uniform:LOW:HIGH to draw from. May be repeated.",
        )
        parser.add_argument("--draws", type=int, help="So many combinations at most, drawn; all by default.")
        parser.add_argument("--draw-seed", type=int, default=0, help="Draws them.")
        parser.add_argument("--seeds", help="Of each combination: 0,1,2. By default the config's, or 0.")
        parser.add_argument("--name", default="", help="Of the sweep; the project and a number by default.")
        parser.add_argument(
            "--wait", action="store_true", help="Train here, one after the other, and say what is best."
        )

    def handle_json(self, **options: Any) -> dict[str, Any]:
        queued = queue_sweep(
            snapshot=get_snapshot(options["snapshot"]),
            settings=read_config(options["config"]),
            vary=_assignments(options["vary"]),
            draws=options["draws"],
            draw_seed=options["draw_seed"],
            seeds=_seeds(options["seeds"]),
            name=options["name"],
        )
        if options["wait"]:
            self._see_through(queued.sweep)
        elif queued.is_new:
            nudge_runs.delay_on_commit()
        return _answer(queued.sweep)

    def shown(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The choice, a figure a line; the runs were said while they ended."""
        best = answer["best"] or {}
        figures = {name: value for name, value in answer.items() if not isinstance(value, dict | list | None)}
        settings = {f"best {name}": said_value(value) for name, value in best.get("settings", {}).items()}
        return {**figures, **({"best model": best["model"], **settings} if best else {})}

    def _see_through(self, sweep: Sweep) -> None:
        """Carry every run to its end. Ctrl-C cancels the run at work and all that are left.

        Raises: RunFailed with the reason of the first, where none succeeded.
        """
        outcomes = outcomes_of(sweep)
        for outcome in outcomes:
            run = run_here(outcome.run, on_wait=lambda waiting: self.say(f"{waiting.title}: {waiting.state}"))
            if run.state == Run.State.CANCELLED and run.cancel_requested_at is None:
                cancel_sweep(sweep)
            if not run.is_finished:
                break
            self._say_outcome(next(one for one in outcomes_of(sweep) if one.run == run))
        ended = outcomes_of(sweep)
        if not any(outcome.model for outcome in ended):
            reasons = [outcome.run.error for outcome in ended if outcome.run.error]
            raise RunFailed(reasons[0] if reasons else _("The sweep “%(name)s” was stopped.") % {"name": sweep.name})

    def _say_outcome(self, outcome: Outcome) -> None:
        settings = " ".join(f"{name}={said_value(value)}" for name, value in outcome.settings.items())
        figure = said_figure(outcome.loss) if outcome.model else outcome.run.error or outcome.run.state
        self.say(f"{outcome.run.title}: {settings} seed={outcome.asked.seed}: {figure}")


def _answer(sweep: Sweep) -> dict[str, Any]:
    outcomes = outcomes_of(sweep)
    states = [outcome.run.state for outcome in outcomes]
    return {
        "sweep": sweep.name,
        "id": sweep.pk,
        "runs": len(outcomes),
        **{state.value: states.count(state.value) for state in Run.State if state.value in states},
        "best": shown_choice(choice_among(outcomes)),
        "trainings": [shown_outcome(outcome) for outcome in outcomes],
    }


def _assignments(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        try:
            name, said = read_assignment(line)
        except InvalidConfig as error:
            raise InvalidSweep(str(error), fields={"vary": str(error)}) from error
        if name in found:
            sentence = _("%(name)s is given twice.") % {"name": name}
            raise InvalidSweep(sentence, fields={name: sentence})
        found[name] = said
    return found


def _seeds(said: str | None) -> list[int] | None:
    if said is None:
        return None
    words = [word.strip() for word in said.split(",")]
    if not all(word.isdecimal() for word in words):
        sentence = _("seeds: “%(said)s” is not whole numbers with commas between them.") % {"said": said}
        raise InvalidSweep(sentence, fields={"seeds": sentence})
    return [int(word) for word in words]

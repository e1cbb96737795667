"""Every way in which reward models say no."""

from config.errors import PlumblineError


class RewardModelError(PlumblineError):
    """Base of the expected failures of this app."""


class InvalidTraining(RewardModelError):
    """A setting that does not exist or cannot have that value, or a snapshot that cannot be trained on."""

    code = "invalid"
    status = 400


class InvalidSweep(InvalidTraining):
    """A sweep that asks for a setting, a value or a number of runs that cannot be."""


class UnknownReliability(InvalidTraining):
    """The train split does not show how reliable its annotators are."""


class InvalidEvaluation(RewardModelError):
    """An evaluation of a split that does not exist, or sliced by what cannot be a name."""

    code = "invalid"
    status = 400


class NameTaken(RewardModelError):
    """There is a reward model of that name, or one is being trained; or another sweep has it."""

    code = "name_taken"
    status = 409


class UnknownRewardModel(RewardModelError):
    """No reward model has this name."""

    code = "not_found"
    status = 404


class UnknownData(RewardModelError):
    """No snapshot and no file is meant by this."""

    code = "not_found"
    status = 404


class NothingToScore(RewardModelError):
    """Every response has its score already, or there is none."""

    code = "nothing_to_score"
    status = 409


class ChangedModel(RewardModelError):
    """The files of a model are not those that its row names."""

    code = "changed_model"
    status = 409


class NotAllowed(RewardModelError):
    """Only engineers and owners may do this."""

    code = "forbidden"
    status = 403


class ScorerUnavailable(RewardModelError):
    """The scoring server does not answer, or has no model."""

    code = "scorer_unavailable"
    status = 503

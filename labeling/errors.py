"""Every way in which labeling says no."""

from config.errors import PlumblineError


class LabelingError(PlumblineError):
    """Base of labeling's expected failures."""


class InvalidVerdict(LabelingError):
    """The verdict does not fit the comparison or the instrument."""

    code = "invalid_verdict"
    status = 422


class AssignmentClosed(LabelingError):
    """The assignment was answered with another verdict, skipped or released."""

    code = "assignment_closed"
    status = 409


class VerdictConflict(LabelingError):
    """The same client id arrived before with a different verdict."""

    code = "verdict_conflict"
    status = 409


class NothingToUndo(LabelingError):
    """The annotator has no judgment in this project that could be reopened."""

    code = "nothing_to_undo"
    status = 409


class NotAMember(LabelingError):
    """The person may see the project but not do this in it."""

    code = "forbidden"
    status = 403


class InvalidPerson(LabelingError):
    """A person or a role that cannot be made."""

    code = "invalid_person"
    status = 422


class InvalidProject(LabelingError):
    """A project that cannot be made as asked."""

    code = "invalid_project"
    status = 422


class UnknownProject(LabelingError):
    """No project has that slug."""

    code = "unknown_project"
    status = 404


class NoPlantedQuality(LabelingError):
    """Simulated annotators were sent to comparisons that hold no planted truth."""

    code = "no_planted_quality"
    status = 422


class InvariantBroken(LabelingError):
    """The database holds rows that contradict each other."""

    code = "invariant_broken"
    status = 500

"""Every way in which runs say no, and the two ways in which one is stopped from outside."""

from config.errors import PlumblineError


class RunsError(PlumblineError):
    """Base of the expected failures of runs."""


class UnknownKind(RunsError):
    """No app registered this kind of run, or it cannot be started this way."""

    code = "unknown_kind"
    status = 400


class StaleAttempt(RunsError):
    """Another attempt has taken over, or the run was closed: what this attempt brings is refused."""

    code = "stale_attempt"
    status = 409


class AlreadyFinished(RunsError):
    """The run has ended; there is nothing to cancel."""

    code = "already_finished"
    status = 409


class NotResumable(RunsError):
    """Only a failed or cancelled run can go on."""

    code = "not_resumable"
    status = 409


class RunFailed(RunsError):
    """A run ended with a reason that a person can understand."""

    code = "run_failed"
    status = 409


class ChildFailed(RunFailed):
    """The child process said why it cannot do this. Trying again would not help."""


class ChildKilled(RunFailed):
    """The child process died of a signal. It is tried again from its checkpoint while attempts are left."""

    code = "child_killed"


class LeftoverChild(RunFailed):
    """A child of an earlier attempt still works in the run's directory and cannot be stopped from here."""

    code = "leftover_child"


class RunStopped(Exception):
    """Work is asked to stop before it is done. Raised by `progress(...)`; let it pass through."""


class RunCancelled(RunStopped):
    """A person asked for it."""


class RunInterrupted(RunStopped):
    """The worker is leaving; the run goes back into the queue."""

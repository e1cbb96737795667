"""What can go wrong in a computation for a reason a person can mend. Each message is a full sentence."""


class ExpectedFailure(Exception):
    """A computation cannot go on, and its message says what, which and what to do.

    A child process answers it with error.json and exit code 1 (see `run_directory.run_child`).
    """


class RunDirectoryBusy(ExpectedFailure):
    """Another live process holds the run directory."""


class InvalidConfig(ExpectedFailure, ValueError):
    """A setting has a value that it cannot have, or a name that nobody knows.

    Args: field: the setting, where it is one; a page shows the sentence beside it.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class InvalidData(ExpectedFailure, ValueError):
    """The comparisons do not allow what was asked: none in the split, no pair, nothing readable."""


class RefusedConversation(InvalidData):
    """A model's chat template refuses these messages: a system message, say, or two of one role in a row."""


class BrokenModel(ExpectedFailure):
    """A model directory is missing a part or does not reproduce its golden rewards."""


class DamagedCheckpoint(ExpectedFailure):
    """A checkpoint lacks a part, or a part of it cannot be read."""


class TokenCacheUnwritable(ExpectedFailure):
    """The folder of tokenized splits cannot be made, written or read."""

"""Every way in which policies say no."""

from config.errors import PlumblineError


class FinetuningError(PlumblineError):
    """Base of the expected failures of this app."""


class InvalidPolicyRun(FinetuningError):
    """A setting that does not exist or cannot have that value, or something that the method needs and was not given."""

    code = "invalid"
    status = 400


class NameTaken(FinetuningError):
    """There is a policy of that name, or one is being made."""

    code = "name_taken"
    status = 409


class UnknownPolicy(FinetuningError):
    """No policy has this name."""

    code = "not_found"
    status = 404


class UnknownCorpus(FinetuningError):
    """No demo, no file and no snapshot is meant by this."""

    code = "not_found"
    status = 404


class NothingToAnswer(FinetuningError):
    """Every prompt of the project has been answered by these policies, or there is none."""

    code = "nothing_to_answer"
    status = 409

"""Where policies lie on disk: PLUMBLINE_HOME/policies/<name>/."""

from pathlib import Path

from finetuning.models import Policy
from rewardmodel.services.files import adopt, home

POLICIES = "policies"
MADE = "policy"  # the directory in which a child leaves the policy that it made


def policy_directory(policy: Policy) -> Path:
    """The policy's files."""
    return home() / policy.directory


def adopt_policy(run_directory: Path, name: str, digest: str) -> str:
    """Move a finished policy out of its run's directory; returns its place relative to PLUMBLINE_HOME. Safe twice.

    Raises: ChangedModel if other files lie there already, or none at either place.
    """
    return adopt(run_directory / MADE, name, digest, shelf=POLICIES)

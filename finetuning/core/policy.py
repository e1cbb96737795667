"""A policy on disk: a plain Hugging Face directory and plumbline.json, which says what it is and where it is from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from finetuning.core.chat import check_tokenizer
from rewardmodel.core.checkpoint import SIDECAR, combined_digest, file_digests
from rewardmodel.core.errors import BrokenModel, InvalidConfig
from rewardmodel.core.run_directory import move_into_place, write_json_atomically

FORMAT_VERSION = 1


@dataclass(frozen=True)
class PolicyCard:
    """What plumbline.json of a policy holds besides digests.

    Args:
        name: what the policy is called; free text.
        method: "base", "sft", "rloo", "grpo" or "dpo".
        parent, reference, reward_model: digests of the policy it was trained from, the frozen one its KL is measured
            against, and the reward model that steered it; empty where there is none.
        snapshot_sha256: content hash of the data it learned from; empty for none.
        training: the config that trained it.
    """

    name: str
    method: str
    parent: str = ""
    reference: str = ""
    reward_model: str = ""
    snapshot_sha256: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LoadedPolicy:
    """A policy ready to answer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    digest: str

    @property
    def window_tokens(self) -> int:
        """Tokens of prompt and answer together that the model can read."""
        return int(self.model.config.max_position_embeddings)


def save_policy(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, card: PolicyCard, directory: Path) -> str:
    """Write the policy so that the directory is there whole or not at all; an older one at the place is replaced.

    Returns: the digest, sha256 over the names and sha256 of all files but plumbline.json and README.md.
    """
    partial = directory.with_name(f".partial-{directory.name}")
    partial.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(partial, safe_serialization=True)
    tokenizer.save_pretrained(partial)
    files = file_digests(partial)
    digest = combined_digest(files)
    write_json_atomically(
        partial / SIDECAR,
        {"format_version": FORMAT_VERSION, "kind": "policy", **asdict(card), "digest": digest, "files": files},
    )
    move_into_place(partial, directory)
    return digest


def load_policy(directory: Path | str, *, device: str = "cpu") -> LoadedPolicy:
    """Load a policy in fp32; a plain Hugging Face directory without plumbline.json will do.

    Raises: BrokenModel if the directory is missing or its weights are not safetensors; InvalidConfig if its tokenizer
        cannot hold a conversation.
    """
    model = load_weights(directory).to(torch.device(device)).eval()  # type: ignore[arg-type]
    tokenizer = check_tokenizer(AutoTokenizer.from_pretrained(directory))
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.config.pad_token_id = tokenizer.pad_token_id
    return LoadedPolicy(model, tokenizer, policy_digest(directory))


def load_weights(directory: Path | str) -> PreTrainedModel:
    """The causal language model of a directory, fp32, on the CPU."""
    if not (Path(directory) / "config.json").is_file():
        raise BrokenModel(f"{directory} is no policy: it holds no config.json.")
    try:
        model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32, use_safetensors=True)
    except OSError as error:
        raise BrokenModel(f"{directory} cannot be loaded as a language model in safetensors: {error}") from None
    if not isinstance(model, PreTrainedModel):
        raise InvalidConfig(f"{directory} holds a {type(model).__name__}, which is no language model.")
    return model


def policy_digest(directory: Path | str) -> str:
    """Names the files of a policy: the same digest, the same answers."""
    return combined_digest(file_digests(Path(directory)))

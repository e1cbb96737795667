"""A reward model on disk: a plain Hugging Face directory and plumbline.json beside the weights.

plumbline.json says what a server must know to give the same reward (window, layout, where the reward is read), what the
reward means (mean, std, temperature), where it comes from (snapshot), and proves both: sha256 of every file, and a few
golden texts whose rewards every server reproduces when it loads.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from rewardmodel.core.batches import pad
from rewardmodel.core.errors import BrokenModel
from rewardmodel.core.model import RewardNetwork, as_network, quiet_transformers
from rewardmodel.core.run_directory import move_into_place, write_json_atomically
from rewardmodel.core.template import Template
from rewardmodel.core.texts import Prompt

FORMAT_VERSION = 1
SIDECAR = "plumbline.json"
NOT_DIGESTED = (SIDECAR, "README.md")
GOLDEN_TOLERANCE = 1e-4
GOLDEN_TOLERANCE_BF16 = 5e-2

GOLDEN_TEXTS: tuple[tuple[Prompt, str], ...] = (
    ("How do I boil an egg?", "Put it into boiling water for eight minutes, then into cold water."),
    ("How do I boil an egg?", "No idea."),
    ("대한민국의 수도는 어디인가요?", "대한민국의 수도는 서울입니다."),
    (
        [
            {"role": "system", "content": "Answer in one sentence."},
            {"role": "user", "content": "What is a tide?"},
            {"role": "assistant", "content": "The sea rising and falling."},
            {"role": "user", "content": "Why does it happen?"},
        ],
        "The moon and the sun pull on the water.",
    ),
    ("Repeat after me. " * 200, "One two three four. " * 40),
    ("", "An answer to nothing."),
)


@dataclass(frozen=True)
class ModelCard:
    """What plumbline.json holds, besides file digests and golden rewards.

    Args:
        name: what the model is called; free text.
        reads_at: "pooled" or "last-token".
        template: "sentence-pair", "chat-template" or "role-lines".
        max_length_tokens: window for prompt and response.
        reward_mean, reward_std: over the reference set, in nats; reward_normalized = (reward - mean) / std.
        temperature: divides a difference of rewards before the sigmoid, fitted on held-out comparisons.
        snapshot_sha256: content hash of the data it learned from.
        training: the config that trained it.
    """

    name: str
    reads_at: str
    template: str
    max_length_tokens: int
    reward_mean: float = 0.0
    reward_std: float = 1.0
    temperature: float = 1.0
    snapshot_sha256: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    truncation: str = "start of the prompt first; a response keeps its start"
    end_of_text: str = "appended where the layout has none; encoders end with their separator"
    tie_parameter: float | None = None


@dataclass(frozen=True)
class LoadedModel:
    """A verified model: network, card, and the digest that names its files."""

    network: RewardNetwork
    card: ModelCard
    digest: str


def save_model(network: RewardNetwork, card: ModelCard, directory: Path) -> str:
    """Write the model so that the directory is there whole or not at all; an older one at the place is replaced.

    Returns: the digest, sha256 over the names and sha256 of all files but plumbline.json and README.md.
    """
    partial = directory.with_name(f".partial-{directory.name}")
    partial.mkdir(parents=True, exist_ok=True)
    network.model.save_pretrained(partial, safe_serialization=True)
    network.template.tokenizer.save_pretrained(partial)
    golden = [
        {"prompt": prompt, "response": response, "reward": reward}
        for (prompt, response), reward in zip(GOLDEN_TEXTS, golden_rewards(network), strict=True)
    ]
    files = file_digests(partial)
    digest = combined_digest(files)
    write_json_atomically(
        partial / SIDECAR,
        {"format_version": FORMAT_VERSION, **asdict(card), "digest": digest, "files": files, "golden": golden},
    )
    move_into_place(partial, directory)
    return digest


def load_model(directory: Path | str, *, device: str = "cpu", dtype: torch.dtype = torch.float32) -> LoadedModel:
    """Load and verify a saved reward model.

    Raises: BrokenModel if a file is missing or differs from its digest, or if a golden text gets another reward.
    """
    directory = Path(directory)
    sidecar = read_sidecar(directory)
    _verify_files(directory, sidecar["files"])
    card = ModelCard(**{name: sidecar[name] for name in ModelCard.__dataclass_fields__ if name in sidecar})
    quiet_transformers()
    model = AutoModelForSequenceClassification.from_pretrained(directory, dtype=dtype, use_safetensors=True)
    model = model.to(torch.device(device)).eval()
    template = Template(
        AutoTokenizer.from_pretrained(directory), kind=card.template, max_length_tokens=card.max_length_tokens
    )
    network = as_network(model, template)
    if network.reads_at != card.reads_at:
        raise BrokenModel(f"{directory} says that its reward is read at {card.reads_at!r}; its model class says not.")
    _verify_golden(directory, network, sidecar["golden"], card)
    return LoadedModel(network, card, sidecar["digest"])


def read_sidecar(directory: Path) -> dict[str, Any]:
    """The content of plumbline.json.

    Raises: BrokenModel if there is none, it is not readable, or it is of a newer format.
    """
    file = Path(directory) / SIDECAR
    try:
        sidecar = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BrokenModel(f"{directory} holds no {SIDECAR}; it is not a reward model of this platform.") from None
    except json.JSONDecodeError as error:
        raise BrokenModel(f"{file} is not JSON: {error}.") from None
    missing = [name for name in ("digest", "files", "golden", "reads_at", "template") if name not in sidecar]
    if missing or sidecar.get("format_version") != FORMAT_VERSION:
        raise BrokenModel(f"{file} is not of format {FORMAT_VERSION}, or lacks: {', '.join(missing) or 'nothing'}.")
    return dict(sidecar)


def golden_rewards(network: RewardNetwork) -> list[float]:
    """The rewards of the golden texts, each alone in its batch."""
    return _rewards_one_by_one(network, GOLDEN_TEXTS)


def file_digests(directory: Path) -> dict[str, str]:
    """sha256 of each file by name, plumbline.json and README.md left out."""
    files = sorted(file for file in directory.iterdir() if file.is_file() and file.name not in NOT_DIGESTED)
    return {file.name: _sha256(file) for file in files}


def combined_digest(files: Mapping[str, str]) -> str:
    """One sha256 over names and digests of all files."""
    return hashlib.sha256(json.dumps(dict(files), sort_keys=True).encode()).hexdigest()


def _rewards_one_by_one(network: RewardNetwork, items: Sequence[tuple[Prompt, str]]) -> list[float]:
    was_training = network.model.training
    network.model.eval()
    pad_token_id = int(network.model.config.pad_token_id)
    with torch.inference_mode():
        rewards = [
            network.rewards(pad([text], pad_token_id=pad_token_id).to(network.device)).item()
            for text in network.template.encode(items)
        ]
    network.model.train(was_training)
    return rewards


def _verify_files(directory: Path, files: Mapping[str, str]) -> None:
    for name, expected in files.items():
        file = directory / name
        if not file.is_file():
            raise BrokenModel(f"{directory} has lost its file {name}. Restore it, or train the model again.")
        if _sha256(file) != expected:
            raise BrokenModel(f"{file} was changed after the model was saved. Restore it, or train the model again.")


def _verify_golden(
    directory: Path, network: RewardNetwork, golden: Sequence[Mapping[str, Any]], card: ModelCard
) -> None:
    is_exact = next(network.model.parameters()).dtype == torch.float32
    tolerance = GOLDEN_TOLERANCE if is_exact else GOLDEN_TOLERANCE_BF16 * max(card.reward_std, 1.0)
    rewards = _rewards_one_by_one(network, [(pair["prompt"], pair["response"]) for pair in golden])
    for pair, reward in zip(golden, rewards, strict=True):
        if not abs(reward - pair["reward"]) <= tolerance * max(1.0, abs(pair["reward"])):
            raise BrokenModel(
                f"{directory} does not reproduce its golden reward: {pair['response'][:40]!r} gets {reward:.6f}, "
                f"not {pair['reward']:.6f}. The files, or the versions of torch or transformers, are not those that it "
                "was saved with."
            )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

"""A reward model on disk: a plain Hugging Face directory and plumbline.json beside the weights.

plumbline.json says what a server must know to give the same reward (window, layout, where the reward is read, how the
opinions of several members become one), what the reward means (mean, std, temperature), where it comes from (snapshot),
and proves both: sha256 of every file, and a few golden texts whose rewards every server reproduces when it loads.

Heads lie in heads.safetensors; the plain directory then gives their mean, or of attribute heads the weighted sum.
Networks lie in members/0, members/1 … as directories of the same kind; the plain one above them is a copy of one.
"""

import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from rewardmodel.core.attribute_heads import AttributeHeads, attributes_of, with_attribute_heads
from rewardmodel.core.config.ensemble import MEAN
from rewardmodel.core.data.template import EncodedText, Template
from rewardmodel.core.data.texts import Prompt
from rewardmodel.core.ensembles.ensemble import Opinions, Scale, combine, read_outputs
from rewardmodel.core.errors import BrokenModel
from rewardmodel.core.head_bank import HEADS_FILE, HeadBank, load_bank, read_by, save_bank
from rewardmodel.core.losses.regression import RatedAttribute
from rewardmodel.core.model import RewardNetwork, as_network, quiet_transformers
from rewardmodel.core.routes.route import Route
from rewardmodel.core.run_directory import move_into_place, write_json_atomically

FORMAT_VERSION = 1
SIDECAR = "plumbline.json"
NOT_DIGESTED = (SIDECAR, "README.md")
MEMBERS = "members"
MEMBER_PLACE = re.compile(rf"{MEMBERS}/\d+")
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
        tie_parameter: ν of Davidson or θ of Rao & Kupper (`calibrate.tie_probabilities`); None without model of ties.
        heads: the file of member heads, or None.
        members: networks that this model is made of, each {"digest", "name", "directory", "factor", "shift"}: its
            reward times factor plus shift is on the common scale. Without a directory it was averaged into the weights.
        combine: "mean", "minimum", "mean-variance" or "weights" (see `ensemble.combine`); None for a single model.
        uncertainty_penalty: λ of "mean-variance", per nat.
        calibration_pairs: held-out pairs that temperature and tie parameter were fitted on; 0 where they were not.
        uncertainty_mean: mean uncertainty over the reference set, in nats; twice that is much. None for one opinion.
        attributes: those that have a head in heads.safetensors, in its order, each {"name", "weight", "mean", "std"}:
            what it makes of the reward, and where its ratings lay in training, in their own unit.
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
    calibration_pairs: int = 0
    heads: str | None = None
    members: Sequence[Mapping[str, Any]] = ()
    combine: str | None = None
    uncertainty_penalty: float = 0.0
    uncertainty_mean: float | None = None
    attributes: Sequence[Mapping[str, Any]] = ()

    @property
    def places(self) -> list[str]:
        """Where the members lie that are asked one by one, relative to the model; none for a single network."""
        return [member["directory"] for member in self.members if member.get("directory")]

    @property
    def scales(self) -> list[Scale]:
        """How the rewards of those members come onto one scale."""
        return [Scale(member["factor"], member["shift"]) for member in self.members if member.get("directory")]


@dataclass(frozen=True)
class LoadedModel:
    """A verified model: its networks (one, unless it is an ensemble of networks), card, and the digest of its files."""

    networks: tuple[RewardNetwork, ...]
    card: ModelCard
    digest: str

    @property
    def network(self) -> RewardNetwork:
        """The first network; all lay texts out alike."""
        return self.networks[0]

    def opinions(
        self, texts: Sequence[EncodedText], *, tokens_per_batch: int, routes: Sequence[Route] = ()
    ) -> Opinions:
        """What the model says of each text, in the order given.

        Args: routes: how texts go through each network; padded by default.
        """
        outputs = read_outputs(
            self.networks, texts, tokens_per_batch=tokens_per_batch, scales=self.card.scales, routes=routes
        )
        how, heads = self.card.combine or MEAN, self.network.heads
        said = combine(outputs.members, how=how, uncertainty_penalty=self.card.uncertainty_penalty)
        if not isinstance(heads, AttributeHeads):
            return said
        return replace(said, attributes=heads.as_ratings(outputs.attributes))

    def by_attribute(self, said: Opinions) -> list[dict[str, float]] | None:
        """What attribute heads predict of each text, by name; None for a model without."""
        if said.attributes is None:
            return None
        names = [attribute.name for attribute in attributes_of(self.network)]
        return [dict(zip(names, values, strict=True)) for values in said.attributes.tolist()]


def save_model(network: RewardNetwork, card: ModelCard, directory: Path) -> str:
    """Write a network so that the directory is there whole or not at all; an older one at the place is replaced.

    A network read by several heads is written with its own head as `heads.write_mean_head`, or
    `attribute_heads.write_weighted_head`, left it.

    Returns: the digest, sha256 over the names and sha256 of all files but plumbline.json and README.md.
    """
    partial = _fresh(directory)
    network.model.save_pretrained(partial, safe_serialization=True)
    network.template.tokenizer.save_pretrained(partial)
    if isinstance(network.heads, HeadBank):
        save_bank(network.heads, partial)
        card = replace(card, heads=HEADS_FILE)
    elif isinstance(network.heads, AttributeHeads):
        save_bank(network.heads.bank, partial)
        card = replace(card, attributes=[asdict(attribute) for attribute in network.heads.attributes])
    return _finish((network,), card, partial, directory)


def save_ensemble(
    networks: Sequence[RewardNetwork], members: Sequence[Path], card: ModelCard, directory: Path, *, plain: int
) -> str:
    """Write an ensemble of saved models: each in members/, and one of them where a plain loader looks.

    Files are linked where the disk allows it, so an ensemble takes the place of its members and no more.

    Args:
        networks, members: the models, loaded and on disk, in the order of `card.members`, which says where each goes.
        plain: which of them a plain loader finds.

    Returns: the digest, as `save_model` does.
    """
    partial = _fresh(directory)
    for file in members[plain].iterdir():
        if file.is_file() and file.name not in NOT_DIGESTED:
            _link(file, partial / file.name)
    for place, member in zip(card.places, members, strict=True):
        shutil.copytree(member, partial / place, copy_function=_link)
    return _finish(tuple(networks), card, partial, directory)


def load_model(directory: Path | str, *, device: str = "cpu", dtype: torch.dtype = torch.float32) -> LoadedModel:
    """Load and verify a saved reward model, with all its members.

    Raises: BrokenModel if a file is missing or differs from its digest, if plumbline.json holds what it cannot, or if a
        golden text gets another reward.
    """
    directory = Path(directory)
    sidecar = read_sidecar(directory)
    _verify_files(directory, sidecar["files"])
    card = _card_of(directory, sidecar)
    quiet_transformers()
    networks = _networks(directory, card, device=device, dtype=dtype)
    model = LoadedModel(networks, card, sidecar["digest"])
    _verify_golden(directory, model, sidecar["golden"])
    return model


def read_sidecar(directory: Path) -> dict[str, Any]:
    """The content of plumbline.json.

    Raises: BrokenModel if there is none, it is not readable, or it is of a newer format.
    """
    file = Path(directory) / SIDECAR
    try:
        sidecar = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BrokenModel(f"{directory} holds no {SIDECAR}; it is not a reward model of this platform.") from None
    except (ValueError, RecursionError) as error:
        raise BrokenModel(f"{file} is not JSON: {error}.") from None
    if not isinstance(sidecar, dict):
        raise BrokenModel(f"{file} holds a {type(sidecar).__name__}; it must hold an object.")
    missing = [name for name in ("digest", "files", "golden", "reads_at", "template") if name not in sidecar]
    if missing or sidecar.get("format_version") != FORMAT_VERSION:
        raise BrokenModel(f"{file} is not of format {FORMAT_VERSION}, or lacks: {', '.join(missing) or 'nothing'}.")
    if not isinstance(sidecar["files"], dict) or combined_digest(sidecar["files"]) != sidecar["digest"]:
        raise BrokenModel(f"{file} was changed: its digest is not that of the files it names.")
    if not _are_golden(sidecar["golden"]):
        raise BrokenModel(f"{file} was changed: it holds no golden texts with their rewards.")
    return sidecar


def _are_golden(golden: Any) -> bool:
    """Whether this is a list of texts with their rewards, and holds at least one."""
    parts = ("prompt", "response", "reward")
    return bool(golden) and all(isinstance(pair, dict) and all(part in pair for part in parts) for pair in golden)


def _card_of(directory: Path, sidecar: Mapping[str, Any]) -> ModelCard:
    """Raises: BrokenModel if a part is missing, or a scale is no positive number."""
    try:
        card = ModelCard(**{name: sidecar[name] for name in ModelCard.__dataclass_fields__ if name in sidecar})
        scales = {"temperature": float(card.temperature), "reward_std": float(card.reward_std)}
    except (TypeError, ValueError) as error:
        raise BrokenModel(f"{directory / SIDECAR} cannot be read: {error}.") from None
    if wrong := [name for name, value in scales.items() if not 0 < value < math.inf]:
        raise BrokenModel(f"{directory / SIDECAR} says that {wrong[0]} is {scales[wrong[0]]}; it must be above 0.")
    return card


def file_digests(directory: Path) -> dict[str, str]:
    """sha256 of each file by name, those of members included; plumbline.json and README.md at the top left out."""
    files = sorted(file for file in directory.iterdir() if file.is_file() and file.name not in NOT_DIGESTED)
    files += sorted(file for file in (directory / MEMBERS).rglob("*") if file.is_file())
    return {file.relative_to(directory).as_posix(): _sha256(file) for file in files}


def combined_digest(files: Mapping[str, str]) -> str:
    """One sha256 over names and digests of all files."""
    return hashlib.sha256(json.dumps(dict(files), sort_keys=True).encode()).hexdigest()


def _fresh(directory: Path) -> Path:
    """An empty place beside the directory; what a killed attempt left there is removed."""
    partial = directory.with_name(f".partial-{directory.name}")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    return partial


def _finish(networks: tuple[RewardNetwork, ...], card: ModelCard, partial: Path, directory: Path) -> str:
    """Write plumbline.json beside files that are there, and give the directory its name."""
    files = file_digests(partial)
    digest = combined_digest(files)
    texts = [text for text in GOLDEN_TEXTS if not networks[0].template.refuses([text])]
    answers = _golden_answers(LoadedModel(networks, card, digest), texts)
    golden = [
        {"prompt": prompt, "response": response, **answer}
        for (prompt, response), answer in zip(texts, answers, strict=True)
    ]
    write_json_atomically(
        partial / SIDECAR,
        {"format_version": FORMAT_VERSION, **asdict(card), "digest": digest, "files": files, "golden": golden},
    )
    move_into_place(partial, directory)
    return digest


def _networks(directory: Path, card: ModelCard, *, device: str, dtype: torch.dtype) -> tuple[RewardNetwork, ...]:
    if not card.places:
        return (_network(directory, card, device=device, dtype=dtype),)
    if unknown := [place for place in card.places if not MEMBER_PLACE.fullmatch(place)]:
        raise BrokenModel(f"{directory} names a member at {unknown[0]!r}, which is no place for one.")
    networks = tuple(load_model(directory / place, device=device, dtype=dtype).network for place in card.places)
    if len({network.template.digest for network in networks}) > 1:
        raise BrokenModel(f"The members of {directory} lay texts out differently. Build it of models of one backbone.")
    return networks


def _network(directory: Path, card: ModelCard, *, device: str, dtype: torch.dtype) -> RewardNetwork:
    model = AutoModelForSequenceClassification.from_pretrained(directory, dtype=dtype, use_safetensors=True)
    model = model.to(torch.device(device)).eval()
    template = Template(
        AutoTokenizer.from_pretrained(directory), kind=card.template, max_length_tokens=card.max_length_tokens
    )
    network = as_network(model, template)
    if network.reads_at != card.reads_at:
        raise BrokenModel(f"{directory} says that its reward is read at {card.reads_at!r}; its model class says not.")
    if card.attributes:
        attributes = [RatedAttribute(**attribute) for attribute in card.attributes]
        return with_attribute_heads(network, attributes, load_bank(directory))
    return read_by(network, load_bank(directory)) if card.heads else network


def _golden_answers(model: LoadedModel, items: Sequence[tuple[Prompt, str]]) -> list[dict[str, Any]]:
    """The "reward" of each golden text, alone in its batch, and its "attributes" where they have heads."""
    answers: list[dict[str, Any]] = []
    for text in model.network.template.encode(items):
        said = model.opinions([text], tokens_per_batch=1)
        attributes = model.by_attribute(said)
        answers.append({"reward": said.reward.item(), **({"attributes": attributes[0]} if attributes else {})})
    return answers


def _link(source: Path | str, target: Path | str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one that knows no links
        shutil.copy2(source, target)


def _verify_files(directory: Path, files: Mapping[str, str]) -> None:
    for name, expected in files.items():
        file = directory / name
        if not file.is_file():
            raise BrokenModel(f"{directory} has lost its file {name}. Restore it, or train the model again.")
        if _sha256(file) != expected:
            raise BrokenModel(f"{file} was changed after the model was saved. Restore it, or train the model again.")


def _verify_golden(directory: Path, model: LoadedModel, golden: Sequence[Mapping[str, Any]]) -> None:
    is_exact = next(model.network.model.parameters()).dtype == torch.float32
    tolerance = GOLDEN_TOLERANCE if is_exact else GOLDEN_TOLERANCE_BF16
    of_rewards = tolerance if is_exact else tolerance * max(model.card.reward_std, 1.0)
    answers = _golden_answers(model, [(pair["prompt"], pair["response"]) for pair in golden])
    for pair, answer in zip(golden, answers, strict=True):
        within = of_rewards * max(1.0, abs(pair["reward"]))
        _require_alike(directory, pair, "reward", answer["reward"], pair["reward"], tolerance=within)
        for attribute in attributes_of(model.network):
            found, expected = answer["attributes"][attribute.name], pair["attributes"][attribute.name]
            within = tolerance * max(attribute.std, abs(expected - attribute.mean))
            _require_alike(directory, pair, f"rating of {attribute.name!r}", found, expected, tolerance=within)


def _require_alike(
    directory: Path, pair: Mapping[str, Any], what: str, found: float, expected: float, *, tolerance: float
) -> None:
    if not abs(found - expected) <= tolerance:
        raise BrokenModel(
            f"{directory} does not reproduce its golden {what}: {pair['response'][:40]!r} gets {found:.6f}, "
            f"not {expected:.6f}. The files, or the versions of torch or transformers, are not those that it was saved "
            "with."
        )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

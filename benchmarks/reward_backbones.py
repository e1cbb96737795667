"""Backbones that reward-model training is measured on: MiniLM, and decoders of real shapes with random weights."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENCODER = "MiniLM"
TOKENIZER_SIZE = 8000
LONGEST = 512  # tokens of a text, which is all that MiniLM reads


@dataclass(frozen=True)
class Shape:
    """A decoder of the Llama kind."""

    layers: int
    width: int
    heads: int
    key_heads: int
    inner_width: int
    vocabulary: int


DECODERS = {
    "decoder 6 × 384": Shape(6, 384, 6, 6, 1024, TOKENIZER_SIZE),
    "decoder 135 M": Shape(30, 576, 9, 3, 1536, 49_152),  # as SmolLM2-135M
    "decoder 0.5 B": Shape(24, 896, 14, 2, 4864, 151_936),  # as Qwen2.5-0.5B
    "decoder 1 B": Shape(16, 2048, 32, 8, 8192, 128_256),  # as Llama-3.2-1B
}


def make_backbone(name: str, folder: Path, texts: Iterable[str]) -> Path:
    """Save a backbone; a decoder's tokenizer is trained on the texts. Its embeddings have the shape's own size."""
    from rewardmodel.core.model import quiet_transformers

    quiet_transformers()
    if name == ENCODER:
        _save_encoder(folder)
    else:
        _save_decoder(DECODERS[name], folder, texts)
    return folder


def _save_encoder(folder: Path) -> None:
    """MiniLM with a tokenizer that tells it no token types: TRL's collator passes none on."""
    from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerFast

    from rewardmodel.core.model import backbone_path

    path = backbone_path("minilm")
    AutoModel.from_pretrained(path).save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(path)
    backend = tokenizer.backend_tokenizer
    backend.post_processor = _without_types(tokenizer)
    kept = ("cls_token", "sep_token", "pad_token", "unk_token", "mask_token")
    PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_input_names=["input_ids", "attention_mask"],
        **{name: getattr(tokenizer, name) for name in kept},
    ).save_pretrained(folder)


def _without_types(tokenizer: Any) -> Any:
    from tokenizers.processors import TemplateProcessing

    ends = [(token, tokenizer.convert_tokens_to_ids(token)) for token in (tokenizer.cls_token, tokenizer.sep_token)]
    (start, _), (end, _) = ends
    return TemplateProcessing(
        single=f"{start}:0 $A:0 {end}:0", pair=f"{start}:0 $A:0 {end}:0 $B:0 {end}:0", special_tokens=ends
    )


def _save_decoder(shape: Shape, folder: Path, texts: Iterable[str]) -> None:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "</s>", "<pad>"]
    trainer = trainers.BpeTrainer(
        vocab_size=TOKENIZER_SIZE, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    backend.train_from_iterator(texts, trainer)
    named = dict(zip(("bos_token", "eos_token", "pad_token"), special, strict=True))
    PreTrainedTokenizerFast(
        tokenizer_object=backend, model_input_names=["input_ids", "attention_mask"], **named
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=shape.vocabulary, hidden_size=shape.width, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, num_key_value_heads=shape.key_heads, intermediate_size=shape.inner_width,
        max_position_embeddings=4 * LONGEST, bos_token_id=0, eos_token_id=1, pad_token_id=2, tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)

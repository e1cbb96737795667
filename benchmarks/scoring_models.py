"""What scores: encoders and a decoder of one size, saved as training saves them."""

from pathlib import Path

from benchmarks.texts import WORDS

ENCODERS = ("first", "second")
DECODER = "decoder"
WINDOW_TOKENS = 512  # nothing is cut: the two would not cut alike
VOCABULARY = 2000


def make_encoders(shelf: Path) -> None:
    """MiniLM with fresh heads, each another."""
    for seed, name in enumerate(ENCODERS):
        _save("minilm", shelf / name, seed=seed)


def make_decoder(shelf: Path, backbone: Path) -> None:
    """A decoder with six layers of MiniLM's width, random weights and a tokenizer of the benchmark's words."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "</s>", "<pad>"]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=alphabet)
    backend.train_from_iterator([" ".join(WORDS)] * 20, trainer)
    named = dict(zip(("bos_token", "eos_token", "pad_token"), special, strict=True))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, model_input_names=["input_ids", "attention_mask"], **named
    )
    tokenizer.save_pretrained(backbone)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=384, num_hidden_layers=6, num_attention_heads=12,
        num_key_value_heads=12, intermediate_size=1024, max_position_embeddings=WINDOW_TOKENS,
        bos_token_id=0, eos_token_id=1, pad_token_id=2,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(backbone)
    _save(str(backbone), shelf / DECODER, seed=0)


def as_sentence_pair(item: dict[str, str]) -> dict[str, str]:
    """What an encoder's tokenizer lays out itself."""
    return {"text": item["prompt"], "text_pair": item["response"]}


def as_role_lines(item: dict[str, str]) -> dict[str, str]:
    """What a decoder without a chat template reads: prompt up to the answer, and the answer with its end."""
    return {"text": f"<s>User: {item['prompt']}\n\nAssistant: ", "text_pair": f"{item['response']}</s>"}


def _save(backbone: str, directory: Path, *, seed: int) -> None:
    from rewardmodel.core.checkpoint import ModelCard, save_model
    from rewardmodel.core.model import load_backbone

    network = load_backbone(backbone, max_length_tokens=WINDOW_TOKENS, seed=seed)
    save_model(network, ModelCard(directory.name, network.reads_at, network.template.kind, WINDOW_TOKENS), directory)

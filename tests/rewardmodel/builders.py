"""Plain functions that build what the tests need."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord

TEXT = "boil an egg for eight minutes in water and cool it slowly now wow good bad plain blue red how do i"
WORDS = TEXT.split()
GOOD, BAD = "good", "bad"

CHOOSY = (  # a chat template that refuses system messages, as Gemma's does
    "{% if messages[0].role == 'system' %}{{ raise_exception('No system message, please') }}{% endif %}"
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token if m.role == 'assistant' }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def planted_records(*, prompts: int, responses: int, seed: int = 5) -> Iterator[ComparisonRecord]:
    """Rankings by how many times a response says "good" less how many times it says "bad"."""
    draw = random.Random(seed)
    for number in range(prompts):
        texts: dict[str, int] = {}
        while len(texts) < responses:
            good, bad = draw.randrange(4), draw.randrange(4)
            words = [GOOD] * good + [BAD] * bad + draw.choices(WORDS[:10], k=draw.randrange(2, 8))
            draw.shuffle(words)
            texts.setdefault(" ".join(words), good - bad)
        contents = list(texts)
        groups: dict[int, list[int]] = {}
        for index, content in enumerate(contents):
            groups.setdefault(texts[content], []).append(index)
        ranking = tuple(tuple(groups[value]) for value in sorted(groups, reverse=True))
        prompt = f"how do i {' '.join(draw.choices(WORDS[:10], k=3))} {number}"
        yield record(prompt, contents, ranking)


def record(prompt: str, contents: list[str], *rankings: tuple[tuple[int, ...], ...], **more: Any) -> ComparisonRecord:
    """One comparison of texts, one judgment for each ranking."""
    return ComparisonRecord(
        prompt=(Message(role="user", content=prompt),),
        responses=tuple(ResponseRecord(content) for content in contents),
        judgments=tuple(
            JudgmentRecord(annotator=f"annotator-{number}", ranking=ranking) for number, ranking in enumerate(rankings)
        ),
        **more,
    )


def make_tiny_bert(path: Path, *, seed: int = 0) -> Path:
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(seed)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *sorted(set(WORDS)), *"0123456789"]
    backend = Tokenizer(models.WordLevel({word: index for index, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(True)])
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(path)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        pad_token_id=0,
    )
    BertModel(config).save_pretrained(path)
    return path


def make_tiny_encoder(path: Path, kind: str, *, seed: int = 0, **changes: Any) -> Path:
    """An encoder of any class of transformers, by its model type, with the tokenizer of `make_tiny_bert`."""
    import torch
    from transformers import AutoConfig, AutoModel

    make_tiny_bert(path)
    torch.manual_seed(seed)
    sizes = {
        "vocab_size": json.loads((path / "config.json").read_text())["vocab_size"],
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 130,
        "type_vocab_size": 2,
        "pad_token_id": 0,
    }
    AutoModel.from_config(AutoConfig.for_model(kind, **{**sizes, **changes})).save_pretrained(path)
    return path


def make_tiny_llama(path: Path, *, seed: int = 0, pad_is_eos: bool = True) -> Path:
    """A decoder whose padding token is its end-of-text token, as many published ones have it."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(seed)
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=["<s>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    backend.train_from_iterator([" ".join(WORDS)] * 20, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token="</s>")
    if pad_is_eos:
        tokenizer.pad_token = "</s>"
    tokenizer.save_pretrained(path)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(path)
    return path


def make_tiny_decoder(path: Path, kind: str, *, seed: int = 0, **changes: Any) -> Path:
    """A decoder of any class of transformers, by its model type, with the tokenizer of `make_tiny_llama`."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    make_tiny_llama(path)
    torch.manual_seed(seed)
    sizes = {
        "vocab_size": 320,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 256,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 1,
    }
    config = AutoConfig.for_model(kind, **{**sizes, **changes})
    AutoModelForCausalLM.from_config(config).save_pretrained(path)
    return path


def make_run(path: Path, **config: Any) -> Path:
    """A run directory with its config.json."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return path

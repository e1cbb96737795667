"""What the making of a base policy can be told, with units, defaults and limits."""

from dataclasses import dataclass

from rewardmodel.core.settings import DEVICES, PRECISIONS, Settings


@dataclass(frozen=True)
class BaseConfig(Settings):
    """A small language model made from nothing but a corpus of conversations, or adopted from a directory.

    Raises: InvalidConfig, naming the field, for a value that cannot be.
    """

    corpus: tuple[str, ...] = ()
    """Files to learn from: snapshots (train split only) or JSONL in any format. Every answer counts, good or bad."""
    path: str = ""
    """Instead of a corpus: a directory with a Hugging Face language model in safetensors, adopted as it is."""
    name: str = ""
    """Name that the policy will carry; free text here."""
    seed: int = 0
    """Draws the first weights and the order of conversations."""

    vocabulary_size: int = 6000
    """Tokens of the byte-level tokenizer."""
    hidden_size: int = 96
    layers: int = 2
    heads: int = 3
    intermediate_size: int = 320
    """Width of the feed-forward layers."""
    window_tokens: int = 512
    """Longest prompt and answer together."""
    max_chat_tokens: int = 256
    """Longer conversations lose their beginning while learning."""

    steps: int = 1000
    """Optimizer steps."""
    tokens_per_step: int = 512
    """Padded tokens in one step."""
    matrix_learning_rate: float = 0.02
    """Peak learning rate of Muon, which trains the matrices inside the model."""
    prompt_dropout: float = 0.4
    """Mean share of a prompt's tokens that are left out at random each time it is learned from."""
    learning_rate: float = 1e-2
    """Peak learning rate of AdamW, which trains embeddings and gains. Both rates fall to a tenth."""
    weight_decay: float = 0.05
    max_grad_norm: float = 1.0

    precision: str = "auto"
    """"bf16" computes under autocast with fp32 weights; "auto" chooses it where the processor multiplies it."""
    device: str = "auto"
    torch_threads: int = 1
    """CPU threads. More than the free cores make training slower, not faster."""
    checkpoint_every_steps: int = 250

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(bool(self.corpus) != bool(self.path), "corpus", "or path must be given, and not both")
        self.require(all(isinstance(file, str) for file in self.corpus), "corpus", "must be a list of file names")
        self.require(self.vocabulary_size >= 300, "vocabulary_size", "must be at least 300 (256 bytes and the marks)")
        self.require_at_least_one("hidden_size", "layers", "heads", "intermediate_size", "steps", "tokens_per_step")
        self.require_at_least_one("torch_threads", "checkpoint_every_steps")
        self.require_positive("matrix_learning_rate", "learning_rate", "max_grad_norm")
        # Rotary positions turn a head's numbers in pairs.
        self.require(
            self.hidden_size % (2 * self.heads) == 0,
            "hidden_size",
            f"must be an even multiple of heads ({self.heads})",
        )
        self.require(16 <= self.max_chat_tokens <= self.window_tokens, "max_chat_tokens", "must fit into the window")
        self.require_between("prompt_dropout", 0, 0.5)
        self.require_not_negative("weight_decay")
        self.require_seed("seed", bits=32)  # a step's own seed is computed from it
        self.require_one_of("device", DEVICES)
        self.require_one_of("precision", PRECISIONS)

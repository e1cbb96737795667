"""Settings about the model that learns."""

from dataclasses import dataclass

from rewardmodel.core.settings import Settings

LONGEST_BACKBONE = 255  # characters; what is trained is kept with the name of its backbone


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(Settings):
    """The backbone, and which of its weights are trained."""

    backbone: str = "minilm"
    """"minilm", or a local directory with a Hugging Face model in safetensors."""
    name: str = ""
    """Name that the reward model will carry; free text here."""
    seed: int = 0
    """Draws the head's first weights and the order of comparisons."""
    frozen_layers: int | str = 0
    """Lowest transformer layers that keep their weights; with one or more the embeddings keep theirs too. "all": only
    the head learns, and each text is encoded once in all."""
    dropout: float = 0.0
    """Probability of dropout in the backbone while training."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_seed("seed")
        self.require(bool(self.backbone), "backbone", 'must be "minilm" or a local directory')
        self.require(
            len(self.backbone) <= LONGEST_BACKBONE, "backbone", f"must have {LONGEST_BACKBONE} characters at most"
        )
        if isinstance(self.frozen_layers, str):
            self.require_one_of("frozen_layers", ("all",))
            self.require(self.dropout == 0, "dropout", 'must be 0 where frozen_layers is "all"')
        else:
            self.require_not_negative("frozen_layers")
        self.require(0 <= self.dropout < 1, "dropout", "must be at least 0 and below 1")

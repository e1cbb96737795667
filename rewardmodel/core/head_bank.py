"""Several linear heads beside the model that transformers knows, and their file.

Notation: H heads, d features of a text, B texts.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rewardmodel.core.model import RewardNetwork

HEADS_FILE = "heads.safetensors"


class HeadBank(nn.Module):
    """H linear heads, always computed in float32.

    Args:
        weight: shape (H, d).
        bias: shape (H,).
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        if weight.dim() != 2 or bias.shape != weight.shape[:1]:
            raise ValueError(f"weight {tuple(weight.shape)} and bias {tuple(bias.shape)} must be (H, d) and (H,).")
        self.weight = nn.Parameter(weight.detach().float().clone())
        self.bias = nn.Parameter(bias.detach().float().clone())

    def forward(self, features: Tensor) -> Tensor:
        """What every head says, shape (B, H), for features of shape (B, d)."""
        return nn.functional.linear(features.float(), self.weight.float(), self.bias.float())


def fresh_bank(width: int, count: int, *, seed: int) -> HeadBank:
    """Heads that have learned nothing yet, for features of `width` numbers.

    Each is drawn from its own seed: normal weights of standard deviation 1/sqrt(d + 1), as a single head is.
    """
    draws = [torch.Generator().manual_seed(_seed_of_head(seed, head)) for head in range(count)]
    weight = torch.stack([torch.randn(width, generator=draw) * (width + 1) ** -0.5 for draw in draws])
    return HeadBank(weight, torch.zeros(count))


def read_by(network: RewardNetwork, heads: nn.Module) -> RewardNetwork:
    """The network read by these heads in place of its own, which is no longer trained."""
    network.head.requires_grad_(False)
    return replace(network, heads=heads.to(network.device))


def save_bank(bank: HeadBank, directory: Path) -> None:
    """Write heads.safetensors: weight (H, d) and bias (H,), float32."""
    save_file(
        {"weight": bank.weight.detach().cpu().contiguous(), "bias": bank.bias.detach().cpu().contiguous()},
        directory / HEADS_FILE,
    )


def load_bank(directory: Path) -> HeadBank:
    """Read heads.safetensors again."""
    tensors = load_file(directory / HEADS_FILE)
    return HeadBank(tensors["weight"], tensors["bias"])


def _seed_of_head(seed: int, head: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{head}".encode()).digest()[:7], "big")

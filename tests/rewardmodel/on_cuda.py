"""What only a GPU can show: `pytest tests/rewardmodel/on_cuda.py` on a machine that has one. No part of `make test`."""

from pathlib import Path

from tests.rewardmodel.trainings import run_training, settings


def test_a_backbone_in_four_bits_learns_and_is_saved_plain(
    planted_snapshot: Path, tiny_llama: Path, tmp_path: Path
) -> None:
    config = settings(
        planted_snapshot, tiny_llama, lora_rank=8, epochs=8, learning_rate=2e-2, quantization="4bit", device="cuda"
    )
    assert run_training(tmp_path / "run", config)["accuracy"] > 0.8

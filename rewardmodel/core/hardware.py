"""What the machine offers: a device, and fast low precision or not."""

import resource
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rewardmodel.core.errors import InvalidConfig

TOKENS_PER_BATCH = {"cpu": 2048, "cuda": 32768}
SCORED_TOKENS_PER_BATCH = {"cpu": 1024, "cuda": 32768}  # a processor is fastest where activations stay in its cache


def choose_device(device: str) -> str:
    """ "cuda" where "auto" finds one, else "cpu".

    Raises: InvalidConfig if cuda is asked for and there is none.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise InvalidConfig('device is "cuda", but this machine has no CUDA device. Use "auto" or "cpu".')
    return device


def computing_in(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """bf16 autocast or nothing; weights stay in fp32."""
    dtype = dtype_of(precision, device)
    return nullcontext() if dtype == torch.float32 else torch.autocast(device_type=device.type, dtype=dtype)


def dtype_of(precision: str, device: torch.device) -> torch.dtype:
    """In what matrices are multiplied; "auto" takes bf16 where the processor multiplies it in hardware."""
    if precision == "bf16" or (precision == "auto" and _multiplies_bf16(device)):
        return torch.bfloat16
    return torch.float32


def sent(values: Tensor, device: torch.device) -> Tensor:
    """A tensor of the CPU on the device. A GPU fetches it from pinned memory whenever it comes to it: a copy from
    ordinary memory would wait until all that was asked of the GPU before is computed."""
    if device.type == "cuda":
        values = values.pin_memory()
    return values.to(device, non_blocking=True)


def peak_memory_bytes(device: torch.device) -> int:
    """The most memory that this process has held so far: of the GPU, or of the machine where it computes on the CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes everywhere else


def _multiplies_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    cpu = Path("/proc/cpuinfo")
    return cpu.exists() and any(flag in cpu.read_text() for flag in ("avx512_bf16", "amx_bf16"))

"""Several processes that take each optimizer step together, each with its share of the comparisons.

They are started by `processes` (see `launching`), by `accelerate launch` or by `torchrun`; all three say by the same
environment variables who is who. Gradients are added up once a step, after the last backward pass: shares may differ in
size and in their number of passes, and the step is that of one process.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from rewardmodel.core.data.training_set import TokenizedComparison
from rewardmodel.core.errors import ExpectedFailure, InvalidConfig
from rewardmodel.core.run_directory import Stopped

BUCKET_ELEMENTS = 16 * 2**20
PATIENCE = timedelta(hours=1)
TROUBLES = (torch.OutOfMemoryError, Stopped)


class Processes:
    """This process and those that it works with.

    Args:
        rank: 0 for the one that writes files and reports.
        count: of them all; 1 means that there is nobody to agree with.
        device: where what they tell each other lies.
        is_first_here: for one process of each machine.
    """

    def __init__(
        self, rank: int = 0, count: int = 1, device: torch.device | None = None, *, is_first_here: bool = True
    ) -> None:
        self.rank, self.count, self.device = rank, count, device or torch.device("cpu")
        self.is_first_here = is_first_here

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def share(self, comparisons: Sequence[TokenizedComparison]) -> list[TokenizedComparison]:
        """This process's part of a step."""
        return deal(comparisons, self.count)[self.rank]

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes, the same everywhere."""
        if self.count > 1:
            values = values.to(self.device, copy=True)
            dist.all_reduce(values)
        return values

    def most(self, values: Sequence[float]) -> list[float]:
        """The greatest of each value over all processes."""
        if self.count == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor, op=dist.ReduceOp.MAX)
        return tensor.tolist()

    def share_trouble(self, trouble: BaseException | None) -> None:
        """Raise in every process what any of them ran into (Stopped before OutOfMemoryError); nothing if none did."""
        worst = int(self.most([0 if trouble is None else 1 + TROUBLES.index(type(trouble))])[0])
        if worst:
            kind = TROUBLES[worst - 1]
            raise trouble if isinstance(trouble, kind) else kind("in another process")

    def let_one_look(self, look: Callable[[], object]) -> None:
        """Have one process of each machine look at something for all of them, which wait for its word.

        Raises: what `look` raises; in the others ExpectedFailure, in the words of one that it was raised in.
        """
        trouble: Exception | None = None
        if self.is_first_here:
            try:
                look()
            except Exception as caught:  # whatever it is, the others must not wait for a word that never comes
                trouble = caught
        words: list[str | None] = [None] * self.count
        if self.count > 1:
            dist.all_gather_object(words, None if trouble is None else str(trouble) or repr(trouble))
        if trouble is not None:
            raise trouble
        if refusal := next(filter(None, words), None):
            raise ExpectedFailure(refusal)

    def add_gradients(self, weights: Sequence[nn.Parameter]) -> None:
        """Replace each gradient by its sum over all processes. A weight that no process reached keeps none.

        Sharded weights are left alone: their gradients were added up in the backward pass.
        """
        if self.count == 1:
            return
        weights = [weight for weight in weights if not isinstance(weight, DTensor)]
        reached = self.most([weight.grad is not None for weight in weights])
        gradients = []
        for weight, is_reached in zip(weights, reached, strict=True):
            if is_reached:
                weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
                gradients.append(weight.grad)
        for bucket in _buckets(gradients):
            together = torch.cat([gradient.flatten() for gradient in bucket])
            dist.all_reduce(together)
            for gradient, summed in zip(bucket, together.split([gradient.numel() for gradient in bucket]), strict=True):
                gradient.copy_(summed.view_as(gradient))

    def wait_for_all(self) -> None:
        if self.count > 1:
            dist.barrier()


ALONE = Processes()


def deal(comparisons: Sequence[TokenizedComparison], count: int) -> list[list[TokenizedComparison]]:
    """Cut a step into `count` shares of about equal tokens: the longest first, each to whoever has least so far."""
    shares: list[list[TokenizedComparison]] = [[] for _ in range(count)]
    tokens = [0] * count
    for comparison in sorted(comparisons, key=lambda comparison: -comparison.tokens):
        least = tokens.index(min(tokens))
        shares[least].append(comparison)
        tokens[least] += comparison.tokens
    return shares


@contextlib.contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Join the others for the time of the block; alone where nobody was started beside this process.

    Args:
        device: "cpu" or "cuda". On GPUs each process takes the one of its local number.

    Raises: InvalidConfig if there are fewer GPUs than processes on this machine, or a launcher wants DeepSpeed.
    """
    if os.environ.get("ACCELERATE_USE_DEEPSPEED", "").lower() == "true":
        raise InvalidConfig(
            "The launcher's config asks for DeepSpeed, which training does not use. Launch with "
            'rewardmodel/core/launch/fsdp.yaml or set sharding to "full": it divides the same things as ZeRO-3.'
        )
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE
        return
    os.environ["FSDP_CPU_RAM_EFFICIENT_LOADING"] = "false"  # transformers would leave all but the first without weights
    backend, place = "gloo", torch.device("cpu")
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    if device == "cuda":
        if local_rank >= torch.cuda.device_count():
            raise InvalidConfig(
                f"processes asks for GPU number {local_rank + 1} of this machine; it has {torch.cuda.device_count()}."
            )
        torch.cuda.set_device(local_rank)
        backend, place = "nccl", torch.device("cuda", local_rank)
    dist.init_process_group(backend, timeout=PATIENCE, device_id=place if backend == "nccl" else None)
    try:
        yield Processes(dist.get_rank(), count, place, is_first_here=local_rank == 0)
    except Stopped:  # all of them; after any other error the others may be gone, and there is nobody to part from
        dist.destroy_process_group()
        raise
    dist.destroy_process_group()


def _buckets(gradients: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Gradients in groups of about 64 MB that are sent together."""
    bucket: list[Tensor] = []
    elements = 0
    for gradient in gradients:
        bucket.append(gradient)
        elements += gradient.numel()
        if elements >= BUCKET_ELEMENTS:
            yield bucket
            bucket, elements = [], 0
    if bucket:
        yield bucket

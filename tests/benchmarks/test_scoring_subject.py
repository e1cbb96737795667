"""The matrix products of a scoring: as many and as large as it has, and nothing else."""

import torch
from torch import nn

from benchmarks.scoring_subject import products


def test_every_linear_layer_is_multiplied_as_often_and_with_as_many_rows_as_in_the_run():
    model = nn.Sequential(nn.Linear(3, 5), nn.GELU(), nn.Linear(5, 2))
    multiply = products(model, lambda: [model(torch.zeros(rows, 3)) for rows in (4, 7)])
    seen = []
    for layer in model:
        layer.register_forward_hook(lambda layer, given, _output: seen.append((type(layer), tuple(given[0].shape))))
    assert multiply(2) == []
    assert seen == [(nn.Linear, (4, 3)), (nn.Linear, (4, 5)), (nn.Linear, (7, 3)), (nn.Linear, (7, 5))]

"""Ways through a backbone: comparisons trained a CPU second packed and with shared prompts, beside padded rows.

Texts are random tokens; prompts and responses have lognormal lengths around (prompt / response) tokens, of which one
model reads at most 510. A step is forward and backward over the same comparisons by every route, in float32 with one
thread and all layers trained, the optimizer left out. Routes take turns; each row is the median over the turns. Time is
the process's own, so that others on the machine disturb it little. Decoders have random weights: speed does not know.
"""

import argparse
import math
import random
import time
from collections.abc import Sequence

from benchmarks.report import Row, installed, row_of_rounds
from rewardmodel.core.data.comparison import TokenizedComparison
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.model import RewardNetwork, as_network, load_backbone
from rewardmodel.core.routes.attention import attend_by_segments
from rewardmodel.core.routes.choose import choose_route
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.routes.route import Route
from rewardmodel.core.routes.segmented import SegmentedRoute

ENCODER, SMALL, MIDDLE = "MiniLM, 6 × 384", "decoder, 6 × 384", "decoder, 12 × 768"
RESPONSES_A_STEP = {ENCODER: 12, SMALL: 12, MIDDLE: 8}
SIZES = {ENCODER: (2, 4, 9), SMALL: (2, 4, 9), MIDDLE: (4,)}  # K
LENGTHS = ((150, 60), (30, 300), (350, 40))  # tokens of prompt and response
ROUNDS = 2
TOKENS_PER_BATCH = 2048
LONGEST = 510
VOCABULARY = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of torch")


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """Each model, K and length in turn, by every route that the model can take."""
    import torch

    torch.set_num_threads(arguments.threads)
    models = (ENCODER, SMALL) if arguments.quick else (ENCODER, SMALL, MIDDLE)
    rows = []
    for model in models:
        network = network_of(model)
        for k in (4,) if arguments.quick else SIZES[model]:
            for lengths in LENGTHS[:1] if arguments.quick else LENGTHS:
                comparisons = random_comparisons(math.ceil(RESPONSES_A_STEP[model] / k), k, lengths, model == ENCODER)
                rounds = 1 if arguments.quick else ROUNDS
                rows.extend(rows_of(network, comparisons, f"{model}; K = {k}; {lengths[0]} / {lengths[1]}", rounds))
    return rows, installed("torch", "transformers")


def rows_of(network: RewardNetwork, comparisons: Sequence[TokenizedComparison], name: str, rounds: int) -> list[Row]:
    """Speeds of the routes on these comparisons; the one that "auto" takes is marked."""
    automatic = choose_route(network, comparisons=comparisons).name
    names = ("packed", "shared") if automatic == "shared" else ("packed",)
    routes: list[Route] = [PaddedRoute(), *(SegmentedRoute(name) for name in names)]
    speeds: dict[str, list[float]] = {route.name: [] for route in routes}
    for _ in range(rounds):
        for route in routes:
            speeds[route.name].append(len(comparisons) / seconds_of_a_step(network, comparisons, route))
    rows = []
    for route in routes:
        subject = f"{route.name} (auto)" if route.name == automatic else route.name
        peer = () if route.name == "padded" else speeds["padded"]
        values = speeds[route.name]
        rows.append(row_of_rounds(name, subject, values, "comparisons/CPU s", peer="padded", peer_values=peer))
    return rows


def seconds_of_a_step(network: RewardNetwork, comparisons: Sequence[TokenizedComparison], route: Route) -> float:
    """CPU seconds of forward and backward over all comparisons."""
    network.model.zero_grad()
    started = time.process_time()
    for part in route.passes(comparisons, tokens=TOKENS_PER_BATCH):
        route.rewards(network, part).sum().backward()
    return time.process_time() - started


def network_of(model: str) -> RewardNetwork:
    """A network that attends by segments."""
    import torch
    from transformers import LlamaConfig, LlamaForSequenceClassification

    network = load_backbone("minilm", max_length_tokens=LONGEST)
    if model != ENCODER:
        width, layers = (384, 6) if model == SMALL else (768, 12)
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=width // 64,
            intermediate_size=width * 8 // 3,
            max_position_embeddings=512,
            pad_token_id=0,
        )
        config.num_labels = 1
        network = as_network(LlamaForSequenceClassification(config), network.template)
    attend_by_segments(network.model)
    network.model.train()
    return network


def random_comparisons(count: int, k: int, lengths: tuple[int, int], has_types: bool) -> list[TokenizedComparison]:
    """Comparisons of K texts each that share a prompt, drawn from a fixed seed."""
    draw = random.Random(7)

    def tokens(mean: int) -> list[int]:
        length = max(1, round(mean * draw.lognormvariate(-0.08, 0.4)))  # of mean 1
        return [draw.randrange(4, VOCABULARY) for _ in range(length)]

    comparisons = []
    for number in range(count):
        prompt = tokens(lengths[0])
        ids = [tuple((prompt + tokens(lengths[1]))[-LONGEST:]) for _ in range(k)]
        texts = tuple(EncodedText(one, (0,) * len(one) if has_types else None, False) for one in ids)
        comparisons.append(TokenizedComparison(str(number), str(number), texts))
    return comparisons

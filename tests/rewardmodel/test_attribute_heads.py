"""A head for each rated attribute: fed by its own ratings alone, summed into the reward, and plain on disk."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForSequenceClassification

from preferences.ratings import Rating
from rewardmodel.core.attribute_heads import (
    AttributeHeads,
    read_attributes,
    with_attribute_heads,
    write_weighted_head,
)
from rewardmodel.core.average_models import average_models
from rewardmodel.core.checkpoint import ModelCard, load_model, read_sidecar, save_model
from rewardmodel.core.config.objective import ObjectiveSettings
from rewardmodel.core.data.training_set import TokenizedComparison
from rewardmodel.core.errors import BrokenModel, InvalidConfig
from rewardmodel.core.head_bank import HeadBank
from rewardmodel.core.losses.regression import RatedAttribute
from rewardmodel.core.model import RewardNetwork, load_backbone
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.run_directory import RunDirectory
from rewardmodel.core.score_responses import score_responses
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from rewardmodel.core.serving.model_pool import ModelPool
from rewardmodel.core.serving.serve import ScoringApplication
from rewardmodel.core.training.objective import Objective
from tests.rewardmodel.builders import make_run, make_tiny_decoder
from tests.rewardmodel.judged import comparison
from tests.rewardmodel.serving import call, promote, wait_until
from tests.rewardmodel.test_checkpoint import save
from tests.rewardmodel.test_heads import some_texts
from tests.rewardmodel.test_routes import NINE, PROMPT, routes_of, spread_out

ATTRIBUTES = (RatedAttribute("helpfulness", 0.75, 2.5, 1.2), RatedAttribute("verbosity", -0.25, 40.0, 15.0))
WEIGHTS = {"helpfulness": 3, "verbosity": -1}


def network_with_attribute_heads(backbone: Path) -> RewardNetwork:
    network = load_backbone(str(backbone), max_length_tokens=64, seed=4)
    network.model.eval()
    network = with_attribute_heads(network, ATTRIBUTES, seed=4)
    heads = heads_of(network)
    with torch.no_grad():
        heads.bank.bias.copy_(torch.tensor([0.3, -1.1]))
    write_weighted_head(network, heads)
    return network


def heads_of(network: RewardNetwork) -> AttributeHeads:
    assert isinstance(network.heads, AttributeHeads)
    return network.heads


def save_with_heads(backbone: Path, place: Path) -> Path:
    network = network_with_attribute_heads(backbone)
    card = ModelCard(
        name="rated", reads_at=network.reads_at, template=network.template.kind, max_length_tokens=64
    )  # fmt: skip
    save_model(network, card, place)
    return place


@pytest.fixture(params=["tiny_bert", "tiny_llama"])
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return save_with_heads(request.getfixturevalue(request.param), tmp_path / "model")


def objective(said: Sequence[TokenizedComparison], **settings: object) -> Objective:
    values = {"loss": "regression", "attribute_heads": True, "attributes": WEIGHTS, **settings}
    return Objective(ObjectiveSettings.from_dict(values), said)


def rated(*ratings: tuple[int, str, float], weight: float = 1.0) -> TokenizedComparison:
    """Three responses and ratings of (response, attribute, value), which weigh together what is told."""
    return comparison(3, ratings=[Rating(*each, weight / len(ratings)) for each in ratings])


SAID = (
    rated((0, "helpfulness", 4.0), (0, "verbosity", 10.0), (2, "verbosity", 30.0)),
    rated((1, "helpfulness", 1.0), (1, "tone", 5.0)),
    rated((2, "helpfulness", 2.0), weight=0.5),
)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_each_rating_costs_its_own_head_its_squared_distance() -> None:
    learned, attributes = objective(SAID), drawn(9, 2)
    helpful, verbose = np.array([4.0, 1.0, 2.0]), np.array([10.0, 30.0])
    helpful, verbose = (helpful - helpful.mean()) / helpful.std(), (verbose - verbose.mean()) / verbose.std()
    said = attributes.numpy()
    by_hand = (
        ((said[0, 0] - helpful[0]) ** 2 + (said[0, 1] - verbose[0]) ** 2 + (said[2, 1] - verbose[1]) ** 2) / 3
        + (said[4, 0] - helpful[1]) ** 2  # nothing reads the tone, so that helpfulness has the weight of the comparison
        + 0.5 * (said[8, 0] - helpful[2]) ** 2
    )
    found = learned.cost(torch.zeros(9, dtype=torch.float64), SAID, attributes=attributes)
    assert found.item() == pytest.approx(by_hand)
    assert learned.weight(SAID) == pytest.approx(2.5)


def test_what_nobody_rated_costs_nothing_and_moves_no_head() -> None:
    learned, attributes = objective(SAID), drawn(9, 2).requires_grad_()
    learned.cost(torch.zeros(9, dtype=torch.float64), SAID, attributes=attributes).backward()
    assert attributes.grad is not None
    assert attributes.grad.nonzero().tolist() == [[0, 0], [0, 1], [2, 1], [4, 0], [8, 0]]


def test_the_gradient_is_the_finite_difference_with_centering_of_the_weighted_sum_too() -> None:
    learned = objective(SAID, centering=0.1).double()
    shares = torch.tensor([0.75, -0.25], dtype=torch.float64)
    attributes = drawn(9, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda a: learned.cost(a @ shares, SAID, attributes=a), (attributes,))


def test_heads_learn_alike_whatever_they_make_of_the_reward() -> None:
    attributes, rewards = drawn(9, 2), torch.zeros(9, dtype=torch.float64)
    costs = [
        objective(SAID, attributes=weights).cost(rewards, SAID, attributes=attributes).item()
        for weights in (WEIGHTS, {"helpfulness": 1, "verbosity": 1}, {"helpfulness": 1, "verbosity": 0})
    ]
    assert costs == pytest.approx([costs[0]] * 3)


def test_every_rated_attribute_has_a_head_and_an_equal_part_unless_told_otherwise() -> None:
    found = objective(SAID, attributes=None).attributes
    assert [(each.name, each.weight) for each in found] == [
        ("helpfulness", pytest.approx(1 / 3)), ("tone", pytest.approx(1 / 3)), ("verbosity", pytest.approx(1 / 3))
    ]  # fmt: skip
    assert (found[0].mean, found[0].std) == (pytest.approx(7 / 3), pytest.approx(np.std([4, 1, 2])))
    assert [each.weight for each in objective(SAID).attributes] == [0.75, -0.25]


def test_a_head_for_what_nobody_rated_is_refused_by_name() -> None:
    with pytest.raises(InvalidConfig, match=r"attributes names 'humour', .* Rated are: helpfulness, tone, verbosity\."):
        objective(SAID, attributes={"helpfulness": 1, "humour": 1})


@pytest.mark.parametrize("attributes", [None, torch.zeros(9, 3), torch.zeros(8, 2)])
def test_predictions_of_another_shape_are_refused(attributes: Tensor | None) -> None:
    with pytest.raises(ValueError, match=r"attributes have shape .*, not \(9, 2\)"):
        objective(SAID).cost(torch.zeros(9), SAID, attributes=attributes)


def test_heads_on_fixed_features_are_the_weighted_least_squares_of_their_own_ratings() -> None:
    """NumPy's least squares, each attribute by itself, against one joint descent; without noise the planted heads."""
    draw = np.random.default_rng(0)
    comparisons, width = 60, 5
    features = draw.normal(size=(comparisons * 3, width))
    planted = {"helpfulness": draw.normal(size=width + 1), "verbosity": draw.normal(size=width + 1)}
    ones = np.hstack([features, np.ones((len(features), 1))])
    for noise in (0.0, 0.7):
        said, cases = [], {name: [] for name in planted}
        for number in range(comparisons):
            chosen = [(text, name) for text in range(3) for name in planted if draw.random() < 0.6]
            chosen = chosen or [(0, "helpfulness")]
            ratings = []
            for text, name in chosen:
                value = 3 + 2 * float(ones[number * 3 + text] @ planted[name]) + noise * draw.normal()
                ratings.append((text, name, value))
                cases[name].append((number * 3 + text, value, 1 / len(chosen)))
            said.append(rated(*ratings))
        learned, expected = objective(said), []
        for each in learned.attributes:
            rows, values, weights = map(np.array, zip(*cases[each.name], strict=True))
            root = np.sqrt(weights)
            target = (values - values.mean()) / values.std()
            expected.append(np.linalg.lstsq(ones[rows] * root[:, None], target * root, rcond=None)[0])
            if not noise:
                assert expected[-1][:-1] == pytest.approx(2 * planted[each.name][:-1] / each.std)
        bank = HeadBank(torch.zeros(2, width), torch.zeros(2)).double()
        read = torch.tensor(features)
        optimizer = torch.optim.LBFGS(bank.parameters(), max_iter=300, tolerance_grad=1e-10, tolerance_change=1e-14)

        def closure() -> float:
            optimizer.zero_grad()  # noqa: B023  called in this turn of the loop
            attributes = torch.nn.functional.linear(read, bank.weight, bank.bias)  # noqa: B023
            value = learned.cost(attributes @ attributes.new_tensor([0.75, -0.25]), said, attributes=attributes)  # noqa: B023
            value.backward()
            return value.item()

        optimizer.step(closure)
        found = torch.cat([bank.weight, bank.bias[:, None]], dim=1).detach().numpy()
        assert found == pytest.approx(np.array(expected), abs=1e-5)


def test_a_plain_loader_gets_the_weighted_sum_of_the_heads(saved: Path) -> None:
    items = some_texts()
    scorer = RewardScorer.load(saved)
    heads = load_file(saved / "heads.safetensors")
    shares = torch.tensor([each.weight for each in ATTRIBUTES])
    plain = AutoModelForSequenceClassification.from_pretrained(saved).eval()
    assert plain.config.num_labels == 1
    own = plain.classifier if hasattr(plain, "classifier") else plain.score
    assert torch.equal(own.weight[0], shares @ heads["weight"])
    constant = (shares @ heads["bias"]).item()
    if own.bias is not None:
        assert own.bias.item() == constant
        constant = 0.0
    for text, reward in zip(scorer.encode(items), scorer.score(items), strict=True):
        types = {} if text.token_types is None else {"token_type_ids": torch.tensor([text.token_types])}
        with torch.no_grad():
            logits = plain(input_ids=torch.tensor([text.token_ids]), **types).logits
        assert logits.item() == pytest.approx(reward.reward, abs=1e-5)
        assert reward.attributes is not None
        weighted = sum(each.weight * (reward.attributes[each.name] - each.mean) / each.std for each in ATTRIBUTES)
        assert weighted == pytest.approx(reward.reward + constant, abs=1e-5)  # a head without bias drops the constant
        assert (reward.uncertainty, reward.members) == (None, None)


def test_what_is_loaded_says_what_was_saved(saved: Path, request: pytest.FixtureRequest) -> None:
    sidecar = read_sidecar(saved)
    assert sidecar["attributes"] == [
        {"name": "helpfulness", "weight": 0.75, "mean": 2.5, "std": 1.2},
        {"name": "verbosity", "weight": -0.25, "mean": 40.0, "std": 15.0},
    ]
    assert "heads.safetensors" in sidecar["files"]
    scorer = RewardScorer.load(saved)
    rewards = scorer.score([ScoreItem(pair["prompt"], pair["response"]) for pair in sidecar["golden"]])
    for pair, reward in zip(sidecar["golden"], rewards, strict=True):
        assert reward.attributes == pytest.approx(pair["attributes"], abs=1e-4)
        assert reward.reward == pytest.approx(pair["reward"], abs=1e-5)
    again = saved.with_name("again")
    assert save_model(load_model(saved).network, scorer.card, again) == scorer.digest


def test_ratings_are_told_in_their_own_unit(tiny_bert: Path) -> None:
    network = network_with_attribute_heads(tiny_bert)
    heads, features = heads_of(network), torch.randn(4, 32)
    said = heads.as_ratings(read_attributes(network, features))
    by_hand = features @ heads.bank.weight.T + torch.tensor([0.3, -1.1])
    assert torch.allclose(said[:, 0].float(), 2.5 + 1.2 * by_hand[:, 0], atol=1e-5)
    assert torch.allclose(said[:, 1].float(), 40 + 15 * by_hand[:, 1], atol=1e-4)


@pytest.mark.parametrize("part", ["golden", "scale"])
def test_a_golden_rating_that_is_not_reproduced_is_refused(saved: Path, part: str) -> None:
    sidecar = read_sidecar(saved)
    if part == "golden":
        sidecar["golden"][2]["attributes"]["verbosity"] += 0.1
    else:
        sidecar["attributes"][1]["mean"] += 0.1
    (saved / "plumbline.json").write_text(json.dumps(sidecar))
    with pytest.raises(BrokenModel, match="does not reproduce its golden rating of 'verbosity'"):
        load_model(saved)


def test_a_text_gets_the_same_ratings_in_any_batch(saved: Path) -> None:
    items = some_texts()
    together = RewardScorer.load(saved).score(items)
    small = RewardScorer.load(saved, tokens_per_batch=1)
    for item, reward in zip(items, together, strict=True):
        (alone,) = small.score([item])
        assert alone.attributes == pytest.approx(reward.attributes, abs=1e-4)


@pytest.mark.parametrize("kind", ["llama", "bert"])
def test_every_route_has_the_same_gradient(kind: str, tiny_bert: Path, tmp_path: Path) -> None:
    network = spread_out(make_tiny_decoder(tmp_path / "llama", "llama") if kind == "llama" else tiny_bert)
    texts = tuple(network.template.encode([(PROMPT, response) for response in NINE]))
    ratings = [Rating(text, "helpfulness", float(text % 5), 0.1) for text in range(9) if text != 3]
    ratings += [Rating(text, "verbosity", float(text**2), 0.1) for text in (1, 4, 7)]
    said = [TokenizedComparison("c", "p", texts, ratings=tuple(ratings))]
    learned = objective(said)
    network = with_attribute_heads(network, learned.attributes, seed=1)
    parameters = (*network.model.parameters(), *network.heads.parameters())
    weights = [weight for weight in parameters if weight.requires_grad]

    def gradient(features: Tensor) -> Tensor:
        attributes = read_attributes(network, features)
        cost = learned.cost(network.read(features)[:, 0], said, attributes=attributes)
        found = torch.autograd.grad(cost, weights, allow_unused=True)
        return torch.cat([each.flatten() for each in found if each is not None])

    expected = gradient(PaddedRoute().features(network, said))
    for route in routes_of(network):
        found = gradient(route.features(network, said))
        assert ((found - expected).norm() / expected.norm()).item() < 1e-5


def test_the_server_tells_ratings_by_attribute_and_null_where_there_are_none(tiny_bert: Path, tmp_path: Path) -> None:
    (tmp_path / "reward-models").mkdir()
    place = save_with_heads(tiny_bert, tmp_path / "reward-models" / "rated")
    save(tiny_bert, tmp_path / "reward-models" / "plain")
    promote(tmp_path, "rated")
    pool = ModelPool(tmp_path)
    application = ScoringApplication(pool)
    items = [{"prompt": item.prompt, "response": item.response} for item in some_texts(3)]
    expected = RewardScorer.load(place).score(some_texts(3))
    wait_until(lambda: pool.state()["status"] == "ready")
    status, answer = call(application, "/v1/score", {"items": items})
    assert status == 200
    for result, reward in zip(answer["results"], expected, strict=True):
        assert result["attributes"] == pytest.approx(reward.attributes, abs=1e-4)
        assert list(result["attributes"]) == ["helpfulness", "verbosity"]
        assert result["reward"] == pytest.approx(reward.reward, abs=1e-5)
    _status, answer = call(application, "/v1/score", {"items": items, "model": "plain"})
    assert [result["attributes"] for result in answer["results"]] == [None] * 3


def test_a_scoring_run_keeps_the_ratings(tiny_bert: Path, tmp_path: Path) -> None:
    place = save_with_heads(tiny_bert, tmp_path / "model")
    run, items = make_run(tmp_path / "run", model=str(place)), some_texts(5)
    lines = [{"id": number, "prompt": item.prompt, "response": item.response} for number, item in enumerate(items)]
    (run / "items.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with RunDirectory(run) as directory:
        score_responses(directory)
    scores = [json.loads(line) for line in (run / "scores.jsonl").read_text().splitlines()]
    for score, reward in zip(scores, RewardScorer.load(place).score(items), strict=True):
        assert score["attributes"] == pytest.approx(reward.attributes, abs=1e-4)


def test_a_model_with_attribute_heads_is_not_averaged(tiny_bert: Path, tmp_path: Path) -> None:
    places = [save_with_heads(tiny_bert, tmp_path / name) for name in ("one", "other")]
    with pytest.raises(InvalidConfig, match="has attribute heads, which are not averaged"):
        average_models(tmp_path / "out", places)


def test_heads_and_attributes_that_do_not_fit_are_refused() -> None:
    bank = HeadBank(torch.zeros(3, 4), torch.zeros(3))
    with pytest.raises(ValueError, match="3 heads for 2 attributes"):
        AttributeHeads(bank, ATTRIBUTES, reward_has_bias=True)


def test_an_attribute_of_weight_0_is_predicted_and_makes_nothing_of_the_reward(tiny_bert: Path) -> None:
    network = load_backbone(str(tiny_bert), max_length_tokens=64)
    silent = (ATTRIBUTES[0], replace(ATTRIBUTES[1], weight=0.0))
    heads = heads_of(with_attribute_heads(network, silent, seed=1))
    features = torch.randn(3, 32)
    before = heads(features)
    with torch.no_grad():
        heads.bank.weight[1] += 1
    assert torch.equal(heads(features), before)

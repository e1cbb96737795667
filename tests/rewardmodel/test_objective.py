"""What holds for every loss: weights, places in a batch, invariances, gradients."""

import itertools
import math
import random
import statistics
from typing import NoReturn

import pytest
import torch

from preferences.ratings import Rating
from rewardmodel.core.config.objective import LEARNS_FROM, WITH_TIES, ObjectiveSettings
from rewardmodel.core.data.comparison import PackedComparisons, packed
from rewardmodel.core.data.training_set import TokenizedComparison, TrainingSet
from rewardmodel.core.training.objective import Objective, tie_share
from tests.rewardmodel.judged import comparison, cost, order, pair, tie, training_set

LOSSES = tuple(LEARNS_FROM)
OF_PAIRS = tuple(loss for loss, kind in LEARNS_FROM.items() if kind == "pairs")


def said(weight: float = 1.0) -> TokenizedComparison:
    """Four responses of which everything is said; each kind of target weighs `weight` together."""
    return comparison(
        4,
        pairs=[
            pair(0, 1, weight=weight / 4, margin=2.0),
            pair(2, 3, weight=weight / 4, target=0.8),
            tie(1, 2, weight=weight / 4),
            pair(0, 3, weight=weight / 4, margin=3.0),
        ],
        orders=[
            order((0,), (1, 2), (3,), weight=weight / 2),
            order((2,), (0,), below=(1, 3), weight=weight / 2),
        ],
        ratings=[
            Rating(text, attribute, value, weight / 8)
            for attribute, values in (("helpfulness", (4, 2, 3, 0)), ("verbosity", (1, 0, 4, 2)))
            for text, value in enumerate(values)
        ],
    )


def other() -> TokenizedComparison:
    """Two responses, one verdict, one rating."""
    return comparison(
        2,
        pairs=[pair(1, 0, weight=0.5, margin=1.0)],
        orders=[order((1,), (0,), weight=0.5)],
        ratings=[Rating(1, "helpfulness", 3.0, 0.5)],
    )


def objective(loss: str, **settings: object) -> Objective:
    return Objective(ObjectiveSettings.from_dict({"loss": loss, **settings}), [said(), other()]).double()


def drawn(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_prompt_weighs_what_its_targets_sum_to_however_many_they_are(loss: str) -> None:
    learned = objective(loss)
    assert learned.weight([said()]) == pytest.approx(1)
    assert learned.weight([said(), other()]) == pytest.approx(1.5)
    rewards = drawn(4)
    assert learned.cost(rewards, [said(0.5)]).item() == pytest.approx(learned.cost(rewards, [said()]).item() / 2)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("centering", [0.0, 0.1])
def test_a_batch_costs_the_sum_of_its_comparisons_wherever_they_stand(loss: str, centering: float) -> None:
    learned = objective(loss, centering=centering)
    rewards = drawn(6)
    apart = learned.cost(rewards[:4], [said()]) + learned.cost(rewards[4:], [other()])
    assert learned.cost(rewards, [said(), other()]).item() == pytest.approx(apart.item())
    turned = torch.cat((rewards[4:], rewards[:4]))
    assert learned.cost(turned, [other(), said()]).item() == pytest.approx(apart.item())


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "regression"])
def test_adding_a_constant_to_all_rewards_changes_nothing(loss: str) -> None:
    learned, rewards = objective(loss), drawn(4)
    assert learned.cost(rewards + 3, [said()]).item() == pytest.approx(learned.cost(rewards, [said()]).item())


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_is_the_finite_difference_for_rewards_and_tie_parameter(loss: str) -> None:
    learned = objective(loss, centering=0.1, **({"label_smoothing": 0.1} if loss in OF_PAIRS else {}))
    rewards = drawn(6).requires_grad_()
    parameters = tuple(learned.parameters())
    assert len(parameters) == (1 if loss in WITH_TIES else 0)
    assert torch.autograd.gradcheck(lambda r, *_: learned.cost(r, [said(), other()]), (rewards, *parameters))


@pytest.mark.parametrize("loss", LOSSES)
def test_rewards_of_80_nats_give_finite_costs_and_gradients_in_single_precision(loss: str) -> None:
    learned = objective(loss, centering=0.01).float()
    for signs in itertools.product((-80.0, 0.0, 80.0), repeat=4):
        rewards = torch.tensor(signs, requires_grad=True)
        value = learned.cost(rewards, [said()])
        gradients = torch.autograd.grad(value, (rewards, *learned.parameters()))
        assert all(each.isfinite().all() for each in (value, *gradients))


@pytest.mark.parametrize("loss", OF_PAIRS)
def test_all_pairs_of_a_comparison_have_the_gradient_of_the_pairs_one_by_one(loss: str) -> None:
    learned = objective(loss)
    features, head = drawn(4 * 8).reshape(4, 8), drawn(8, seed=1).requires_grad_()
    (whole,) = torch.autograd.grad(learned.cost(features @ head, [said()]), head)
    single = torch.zeros_like(head)
    for each in said().pairs:
        two = features[[each.better, each.worse]] @ head
        alone = comparison(2, pairs=[pair(0, 1, weight=each.weight, margin=each.margin, target=each.target)])
        single += torch.autograd.grad(learned.cost(two, [alone]), head)[0]
    assert torch.allclose(whole, single, rtol=1e-10)


@pytest.mark.parametrize("loss", LOSSES)
def test_more_or_fewer_rewards_than_texts_are_refused(loss: str) -> None:
    with pytest.raises(ValueError, match="the comparisons have 4 texts"):
        objective(loss).cost(drawn(5), [said()])


@pytest.mark.parametrize(
    ("loss", "nats"),
    [
        ("bradley-terry", math.log(2)),
        ("scaled-bradley-terry", math.log(2)),
        ("davidson", math.log(3)),
        ("rao-kupper", math.log(3)),
        ("plackett-luce", math.log(2)),
    ],
)
def test_equal_rewards_cost_the_log_of_how_a_pair_can_end(loss: str, nats: float) -> None:
    one = comparison(2, pairs=[pair(0, 1)], orders=[order((0,), (1,))])
    settings = ObjectiveSettings.from_dict({"loss": loss})
    assert Objective(settings).cost(torch.zeros(2), [one]).item() == pytest.approx(nats)


def test_what_a_ranking_leaves_out_was_there_to_be_chosen_and_is_not_tied() -> None:
    # strengths 1, 2, 3 and 4; the first is chosen among all: -ln(1/10)
    best = comparison(4, orders=[order((0,), below=(1, 2, 3))])
    rewards = [math.log(strength) for strength in (1, 2, 3, 4)]
    assert cost("plackett-luce", rewards, best) == pytest.approx(math.log(10))
    tied = comparison(4, orders=[order((0,), (1, 2, 3))])
    assert cost("plackett-luce", rewards, tied) > math.log(10) + 1


def test_a_pair_costs_by_margin_target_smoothing_and_weight_what_pencil_and_paper_say() -> None:
    # lead 2 less margin 1; target 1 smoothed by 0.1: 0.9 · ln(1 + 1/e) + 0.1 · ln(1 + e), weight 3
    value = cost("bradley-terry", [2, 0], comparison(2, pairs=[pair(0, 1, weight=3, margin=1)]), label_smoothing=0.1)
    assert value == pytest.approx(3 * (0.9 * 0.3132616875 + 0.1 * 1.3132616875))


def test_strength_multiplies_where_a_margin_would_be_subtracted() -> None:
    strong = comparison(2, pairs=[pair(0, 1, margin=3)])
    assert cost("scaled-bradley-terry", [1, 0], strong) == pytest.approx(3 * 0.3132616875)
    assert cost("bradley-terry", [1, 0], strong) == pytest.approx(math.log(1 + math.exp(2)))


@pytest.mark.parametrize("smoothing", [0.01, 0.1, 0.3, 0.37])
@pytest.mark.parametrize("loss", WITH_TIES)
def test_smoothing_leaves_a_tie_a_tie(loss: str, smoothing: float) -> None:
    tied = comparison(2, pairs=[tie(0, 1)])
    assert cost(loss, [1, 0], tied, label_smoothing=smoothing) == pytest.approx(cost(loss, [1, 0], tied))


def test_a_margin_asks_for_more_lead_where_ties_are_learned_too() -> None:
    for loss in WITH_TIES:
        with_margin = comparison(2, pairs=[pair(0, 1, margin=2)])
        assert cost(loss, [3, 0], with_margin) == pytest.approx(cost(loss, [1, 0], comparison(2, pairs=[pair(0, 1)])))


def test_centering_costs_the_mean_square_of_each_comparison_by_its_weight() -> None:
    both = [said(0.5), other()]
    rewards = torch.tensor([1.0, -2.0, 0.0, 3.0, 2.0, 4.0], dtype=torch.float64)
    extra = objective("bradley-terry", centering=0.2).cost(rewards, both) - objective("bradley-terry").cost(
        rewards, both
    )
    assert extra.item() == pytest.approx(0.2 * (0.5 * 14 / 4 + 0.5 * 20 / 2))


def test_centering_brings_rewards_back_to_zero() -> None:
    learned, rewards = objective("plackett-luce", centering=0.05), (drawn(4) + 5).requires_grad_()
    optimizer = torch.optim.LBFGS([rewards], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = learned.cost(rewards, [said()])
        value.backward()
        return value

    optimizer.step(closure)
    assert rewards.mean().item() == pytest.approx(0, abs=1e-4)
    assert rewards.std().item() > 0.5


@pytest.mark.parametrize("loss", WITH_TIES)
@pytest.mark.parametrize("share", [0.1, 0.4])
def test_a_tie_parameter_starts_where_equal_rewards_tie_as_often_as_people_did(loss: str, share: float) -> None:
    judged = comparison(2, pairs=[tie(0, 1, weight=share), pair(0, 1, weight=1 - share)])
    expected = {"davidson": 2 * share / (1 - share), "rao-kupper": (1 + share) / (1 - share)}
    settings = ObjectiveSettings.from_dict({"loss": loss})
    assert Objective(settings, [judged]).tie_parameter() == pytest.approx(expected[loss], rel=1e-5)


def test_where_nobody_tied_a_tie_parameter_starts_small_and_finite() -> None:
    for loss in WITH_TIES:
        learned = Objective(ObjectiveSettings.from_dict({"loss": loss}), [other()])
        assert math.isfinite(learned.cost(torch.zeros(2), [other()]).item())
        assert learned.tie_parameter() == pytest.approx({"davidson": 2 / 99, "rao-kupper": 101 / 99}[loss], rel=1e-4)


def test_a_loss_without_ties_has_no_tie_parameter() -> None:
    assert [objective(loss).tie_parameter() for loss in LOSSES if loss not in WITH_TIES] == [None] * 4


def rated(*ratings: tuple[int, str, float]) -> TokenizedComparison:
    return comparison(3, ratings=[Rating(*each, 1 / len(ratings)) for each in ratings])


def test_ratings_cost_least_at_their_weighted_mean_with_less_verbosity_better() -> None:
    judged = rated(
        *((text, "helpfulness", value) for text, value in enumerate((4.0, 2.0, 0.0))),
        *((text, "verbosity", value) for text, value in enumerate((1.0, 4.0, 4.0))),
    )
    # standardized: helpfulness ±sqrt(3/2) and 0, verbosity -sqrt(2) and sqrt(1/2) twice
    expected = [
        0.75 * helpfulness - 0.25 * verbosity
        for helpfulness, verbosity in zip((1.5**0.5, 0, -(1.5**0.5)), (-(2**0.5), 0.5**0.5, 0.5**0.5), strict=True)
    ]
    learned = Objective(
        ObjectiveSettings.from_dict({"loss": "regression", "attributes": {"helpfulness": 3, "verbosity": -1}}), [judged]
    ).double()
    rewards = torch.tensor(expected, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(learned.cost(rewards, [judged]), rewards)
    assert gradient.abs().max().item() < 1e-6
    assert learned.weight([judged]) == pytest.approx(1)


def test_standardized_ratings_cost_1_where_every_reward_is_0() -> None:
    judged = rated((0, "helpfulness", 4), (1, "helpfulness", 1), (2, "helpfulness", 0), (0, "tone", 2), (2, "tone", 7))
    value = Objective(ObjectiveSettings.from_dict({"loss": "regression"}), [judged]).cost(torch.zeros(3), [judged])
    assert value.item() == pytest.approx(1, rel=1e-5)


def test_what_is_no_attribute_of_the_reward_is_not_read_and_takes_no_weight_from_the_others() -> None:
    judged = rated((0, "helpfulness", 4), (1, "helpfulness", 1), (2, "colour", 9))
    alone = rated((0, "helpfulness", 4), (1, "helpfulness", 1))
    settings = {"attributes": {"helpfulness": 1.0}}
    assert cost("regression", [0.3, 0.1, 5], judged, **settings) == pytest.approx(
        cost("regression", [0.3, 0.1, 5], alone, **settings)
    )


def test_an_attribute_that_training_has_not_seen_has_no_unit_and_is_not_read() -> None:
    learned = Objective(ObjectiveSettings.from_dict({"loss": "regression"}), [rated((0, "tone", 1), (1, "tone", 2))])
    assert learned.weight([rated((0, "colour", 3))]) == 0
    assert learned.cost(torch.ones(3), [rated((0, "colour", 3))]).item() == 0


@pytest.mark.parametrize(
    ("loss", "silent", "reason"),
    [
        ("bradley-terry", comparison(2, orders=[order((0, 1))]), "no pair in their judgments"),
        ("plackett-luce", comparison(2, pairs=[pair(0, 1)]), "no order in their judgments"),
        ("regression", comparison(2, pairs=[pair(0, 1)]), "no rating in their judgments"),
    ],
)
def test_what_says_nothing_to_the_loss_is_left_out_and_counted(
    loss: str, silent: TokenizedComparison, reason: str
) -> None:
    data = training_set(said(), silent, other())
    heard = objective(loss).heard(data)
    assert list(heard.comparisons) == [said(), other()]
    assert heard.left_out == {reason: 1}
    assert len(heard.comparisons) + sum(heard.left_out.values()) == heard.rows
    assert objective(loss).heard(heard) is heard


class Columns(PackedComparisons):
    """Comparisons that can only be read by column."""

    def __getitem__(self, place: object) -> NoReturn:
        raise AssertionError("a comparison was built")


def anything_said(draw: random.Random) -> TokenizedComparison:
    """Two to five responses; of each kind of target nothing, or a few with any weights."""
    k = draw.randrange(2, 6)
    count = [draw.choice((0, 1, 3)) for _ in range(3)]
    twos = [draw.sample(range(k), 2) for _ in range(count[0])]
    return comparison(
        k,
        pairs=[pair(*two, weight=draw.uniform(0.1, 2), target=draw.choice((0.5, 0.8, 1.0))) for two in twos],
        orders=[order((0,), (1,), weight=draw.uniform(0.1, 2)) for _ in range(count[1])],
        ratings=[
            Rating(draw.randrange(k), draw.choice(("tone", "truth", "length")), draw.gauss(0, 1), draw.uniform(0.1, 2))
            for _ in range(count[2])
        ],
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_asked_of_all_comparisons_is_read_from_columns_and_is_what_going_through_them_finds(loss: str) -> None:
    draw = random.Random(11)
    every = [anything_said(draw) for _ in range(300)]
    some = [draw.randrange(300) for _ in range(200)]
    weights = {"truth": 2.0, "tone": -1.0, "length": 0.0} if loss == "regression" else None
    settings = ObjectiveSettings.from_dict({"loss": loss, "attributes": weights})
    for whole in (packed(every), packed(every).only(some), packed(every).only([]), packed([])):
        chosen = list(whole)
        learned = Objective(settings, Columns(whole.tables, whole.attributes, whole.rows))
        weighed = [learned.weight([each]) for each in chosen]
        heard = learned.heard(TrainingSet(Columns(whole.tables, whole.attributes, whole.rows), len(chosen)))
        assert list(heard.packed.only(range(len(heard.comparisons)))) == [
            each for each, weight in zip(chosen, weighed, strict=True) if weight
        ]
        pairs = [each for one in chosen for each in one.pairs]
        ties = sum(each.weight for each in pairs if each.target == 0.5)
        share = ties / sum(each.weight for each in pairs) if pairs else 1 / 3
        assert tie_share(whole) == pytest.approx(share, rel=1e-12)
        if loss == "regression":
            for name in {rating.attribute for one in chosen for rating in one.ratings}:
                values = [rating.value for one in chosen for rating in one.ratings if rating.attribute == name]
                assert learned.rating_scales[name].mean == pytest.approx(statistics.fmean(values), rel=1e-12)
                assert learned.rating_scales[name].std == pytest.approx(statistics.pstdev(values), rel=1e-12)

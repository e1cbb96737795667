"""The rows behind the pictures of policies. Figures and answers are written for the pictures, not measured."""

import math
import random
from typing import Any

SAMPLES = [
    ("How do I look after my new cast iron pan?", "You should look after the pan with the pan.",
     "Wipe it out, dry it on the hob, and rub in a few drops of oil while it is warm.", -0.62, 1.94),
    ("Explain average and median to a twelve year old.", "The average is the number of the numbers.",
     "Add everything up and share it out equally: that is the average. The median is the one in the middle.",
     -0.35, 2.21),
    ("캐나다 수도가 토론토 맞나요?", "토론토는 토론토입니다.", "아니요, 오타와예요. 토론토는 가장 큰 도시입니다.",
     -0.18, 1.37),
    ("Is there a foolproof way to make rice on a normal stove?", "I won't discuss rice.",
     "One part rice, one and a half parts water, lid on, low heat, twelve minutes, then ten minutes off the heat.",
     -1.41, 1.88),
    ("Quick way to test if 143 is prime?", "143 is a number.",
     "It is 11 × 13, so no. Trying primes up to 11 is enough.", 0.12, 1.66),
]  # fmt: skip
FIGURES: dict[str, Any] = {
    "mean_reward": 1.71, "reference_mean_reward": -0.34, "reward_gain": 2.05, "reward_gain_low": 1.78,
    "reward_gain_high": 2.33, "win_rate": 0.87, "kl_nats": 4.62, "mean_length_tokens": 27.4,
    "reference_mean_length_tokens": 33.1, "unseen_prompts": 83, "steps": 40,
}  # fmt: skip


def fill(owner: Any, project: Any) -> dict[str, str]:
    """Make the rows; returns the addresses of the pages to photograph, by picture."""
    from django.utils import timezone

    from finetuning.models import Generation, Policy
    from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
    from rewardmodel.models import RewardModel, RewardModelAlias
    from runs.models import Run, RunMetric

    snapshot = freeze_snapshot(project=project, request=SnapshotRequest(include_unjudged=True)).snapshot
    model = RewardModel.objects.create(
        name="helpful-1", directory="reward-models/helpful-1", backbone="minilm", digest="0" * 64, snapshot=snapshot,
        metrics={"accuracy": 0.812, "accuracy_low": 0.771, "accuracy_high": 0.85, "ece": 0.031},
    )  # fmt: skip
    RewardModelAlias.objects.create(alias="champion", reward_model=model)
    done: dict[str, Any] = {"state": "succeeded", "created_by": owner, "finished_at": timezone.now()}
    run = Run.objects.create(kind="finetune_policy", title="Fine-tune base-sft-1 by RLOO: helpful-rloo", **done)
    draw = random.Random(0)  # noqa: S311
    for step in range(1, 41):
        reward = 1.8 - 2.2 * math.exp(-step / 12) + draw.gauss(0, 0.12)
        values = {"split": "train", "reward": reward, "kl_nats": 4.6 * (1 - math.exp(-step / 15)) + draw.random() / 5}
        RunMetric.objects.create(run=run, attempt=1, sequence=step, step=step, values=values)

    def policy(name: str, method: str, **fields: Any) -> Policy:
        place = f"policies/{name}"
        return Policy.objects.create(
            name=name, method=method, directory=place, digest=name.encode().hex()[:64], created_by=owner, **fields
        )

    figures = {
        "parameters": 834_528,
        "loss": 0.254,
        "conversations": 1660,
        "steps": 800,
        "seconds": 41,
        "vocabulary": 6000,
    }
    base = policy("base", "base", config={"corpus": "demo"}, metrics=figures)
    tuning = {"demonstrations": 263, "loss": 0.61, "steps": 60, "seconds": 19}
    sft = policy("base-sft-1", "sft", parent=base, reference=base, snapshot=snapshot, metrics=tuning)
    samples = [
        {"prompt": [{"role": "user", "content": prompt}], "reference_response": old, "response": new,
         "reference_reward": before, "reward": after}
        for prompt, old, new, before, after in SAMPLES
    ]  # fmt: skip
    tuned = policy(
        "helpful-rloo", "rloo", parent=sft, reference=sft, reward_model=model, snapshot=snapshot, run=run,
        config={"steps": 40, "kl_coefficient": 0.03}, metrics={**FIGURES, "samples": samples},
    )  # fmt: skip
    Generation.objects.create(
        policy=tuned, against=sft, project=project, prompts=83, responses=166, comparisons=80, identical=3,
        run=Run.objects.create(kind="generate_responses", title="New responses by helpful-rloo", **done),
    )  # fmt: skip
    answers = [
        {"policy": name, "content": text, "is_cut": is_cut}
        for name, text, is_cut in (("helpful-rloo", SAMPLES[0][2], False), ("base-sft-1", SAMPLES[0][1], True))
    ]
    trial = Run.objects.create(
        kind="try_policy", title="Try helpful-rloo, base-sft-1", result={"answers": answers}, **done,
        config={"policies": ["helpful-rloo", "base-sft-1"], "prompt": SAMPLES[0][0], "sampling": {"temperature": 0.7}},
    )  # fmt: skip
    return {
        "policies": "/policies/",
        "policy": "/policies/helpful-rloo/",
        "playground": f"/playground/{trial.pk}/",
    }

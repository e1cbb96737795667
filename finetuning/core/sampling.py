"""Draw answers from a policy: the same seed gives the same answer to a prompt, whatever else is in the batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import DynamicCache

from finetuning.core.answer_config import Sampling
from finetuning.core.chat import fit_prompt, prompt_ids
from finetuning.core.policy import LoadedPolicy
from finetuning.core.texts import Chat
from preferences.hashing import prompt_hash
from rewardmodel.core.errors import InvalidConfig


@dataclass(frozen=True)
class Sample:
    """One drawn answer.

    Args:
        text: without marks and without white space around it; may be empty.
        token_ids: as drawn, the end token included, shape (T,).
        is_cut: it reached the longest length before its end.
    """

    text: str
    token_ids: tuple[int, ...]
    is_cut: bool


def answer_text(text: str) -> str:
    """A drawn answer as it is scored, stored and shown."""
    return text.strip()


def draw_samples(
    policy: LoadedPolicy, prompts: Sequence[Chat], sampling: Sampling, *, batch_rows: int = 32
) -> list[list[Sample]]:
    """Answers to each prompt, in order; an empty list for a prompt that does not fit into the policy's window.

    Args:
        batch_rows: answers drawn side by side; changes speed only.
    """
    room = policy.window_tokens - sampling.max_response_tokens
    if room < 1:
        raise InvalidConfig(
            f"max_response_tokens is {sampling.max_response_tokens}, but the policy reads only "
            f"{policy.window_tokens} tokens of prompt and answer."
        )
    rows: list[tuple[int, list[int], Tensor]] = []
    for place, prompt in enumerate(prompts):
        fitted = fit_prompt(policy.tokenizer, prompt, max_tokens=room)
        if fitted is None:
            continue
        ids = prompt_ids(policy.tokenizer, fitted)
        for number in range(sampling.samples_per_prompt):
            rows.append((place, ids, _uniforms(prompt, number, sampling)))
    rows.sort(key=lambda row: len(row[1]))  # stable: the samples of a prompt stay in order

    answers: list[list[Sample]] = [[] for _ in prompts]
    for start in range(0, len(rows), batch_rows):
        batch = rows[start : start + batch_rows]
        drawn = _draw_batch(policy, [ids for _, ids, _ in batch], torch.stack([noise for *_, noise in batch]), sampling)
        for (place, _, _), sample in zip(batch, drawn, strict=True):
            answers[place].append(sample)
    return answers


@torch.inference_mode()
def _draw_batch(
    policy: LoadedPolicy, prompts: Sequence[list[int]], uniforms: Tensor, sampling: Sampling
) -> list[Sample]:
    """One answer a row. uniforms: one number in [0, 1) for each row and token, shape (B, T)."""
    model, device = policy.model, policy.model.device
    pad, end = int(policy.tokenizer.pad_token_id), int(policy.tokenizer.eos_token_id)
    longest = max(map(len, prompts))
    inputs = torch.tensor([[pad] * (longest - len(ids)) + ids for ids in prompts], device=device)
    mask = torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts], device=device)
    position = mask.cumsum(1).sub(1).clamp(min=0)
    cache = DynamicCache(config=model.config)
    alive = torch.ones(len(prompts), dtype=torch.bool, device=device)
    drawn: list[Tensor] = []
    for column in range(sampling.max_response_tokens):
        output = model(
            input_ids=inputs, attention_mask=mask, position_ids=position, past_key_values=cache, logits_to_keep=1
        )
        token = choose_tokens(output.logits[:, -1].float(), uniforms[:, column].to(device), sampling)
        token = torch.where(alive, token, pad)
        drawn.append(token)
        alive &= token != end
        if not alive.any():
            break
        inputs = token[:, None]
        mask = torch.cat([mask, mask.new_ones(len(prompts), 1)], dim=1)
        position = position[:, -1:] + 1
    return [_sample(policy, row, pad=pad, end=end) for row in torch.stack(drawn, dim=1).tolist()]


def choose_tokens(logits: Tensor, uniforms: Tensor, sampling: Sampling) -> Tensor:
    """One token a row by inversion: the first whose cumulative probability passes the row's number.

    Args:
        logits: shape (B, V). uniforms: in [0, 1), shape (B,).

    Returns: token ids, shape (B,); the likeliest ones at temperature 0.
    """
    if sampling.temperature == 0:
        return logits.argmax(dim=-1)
    probability, token = (logits.double() / sampling.temperature).softmax(dim=-1).sort(dim=-1, descending=True)
    cumulative = probability.cumsum(dim=-1)
    kept = cumulative - probability < sampling.top_p
    total = (probability * kept).sum(dim=-1)
    place = torch.searchsorted(cumulative, (uniforms.double() * total)[:, None], right=True)
    place = place.clamp(max=kept.sum(dim=-1, keepdim=True) - 1)
    return token.gather(1, place)[:, 0]


def _uniforms(prompt: Chat, number: int, sampling: Sampling) -> Tensor:
    """Numbers in [0, 1) that depend on seed, prompt and sample alone, shape (T,)."""
    seed = int(prompt_hash(prompt)[:12], 16) ^ (sampling.seed * 1_000_003 + number)
    generator = torch.Generator().manual_seed(seed % 2**63)
    return torch.rand(sampling.max_response_tokens, generator=generator, dtype=torch.float64)


def _sample(policy: LoadedPolicy, row: list[int], *, pad: int, end: int) -> Sample:
    is_cut = end not in row
    ids = row if is_cut else row[: row.index(end) + 1]
    ids = [token for token in ids if token != pad]
    text = policy.tokenizer.decode(ids, skip_special_tokens=True)
    return Sample(answer_text(str(text)), tuple(ids), is_cut)

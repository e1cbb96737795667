"""Prompts that are nearly the same are one group, whatever order they come in; others are none."""

import random
from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from preferences.near_duplicates import COMPARED_IN_BAND, near_duplicate_groups
from preferences.shingles import prompt_text, shingles_of, tokens_of

NOUNS = "river stone lamp glass winter paper engine garden letter copper window forest bridge silver morning"
WORDS = NOUNS.split()
LONG = " ".join(f"{word} {number}" for number, word in enumerate(WORDS * 2))


def named(*texts):
    return [(sha256(text.encode()).hexdigest(), text) for text in texts]


def groups_of(*texts):
    """The texts that stand in one group each, as sets."""
    prompts = named(*texts)
    groups = near_duplicate_groups(prompts)
    text_of = dict(prompts)
    return {frozenset(text_of[one] for one in groups if groups[one] == name) for name in groups.values()}


def resemblance(one, other):
    left, right = set(shingles_of(one).tolist()), set(shingles_of(other).tolist())
    return len(left & right) / len(left | right)


def test_a_prompt_with_another_ending_case_or_punctuation_is_nearly_the_same():
    texts = [LONG, LONG.upper() + "!!", LONG + " please"]
    assert groups_of(*texts, "Something else entirely is asked here, about cooking rice.") == {frozenset(texts)}


def test_korean_and_chinese_are_compared_by_characters():
    korean = "서울에서 부산까지 기차로 가는 가장 빠른 방법과 요금을 자세히 알려 주시겠습니까"
    chinese = "请详细说明从北京到上海乘坐高铁的最快方式以及票价和所需时间好吗谢谢您"
    near = [korean, korean + "?", korean.replace("주시겠습니까", "주시겠습니까요")]
    assert resemblance(near[0], near[2]) > 0.8
    assert groups_of(*near, chinese, chinese + "!") == {frozenset(near), frozenset([chinese, chinese + "!"])}
    assert tokens_of("한국어 GPT-4, 中文") == ["한", "국", "어", "gpt", "4", "中", "文"]


def test_short_prompts_are_equal_or_different():
    assert groups_of("Hi!", "hi", "Hello", "😀", "😀 ", "🎈") == {frozenset(["Hi!", "hi"]), frozenset(["😀", "😀 "])}


def test_half_of_the_words_in_common_is_not_enough():
    half = LONG.split()
    assert groups_of(LONG, " ".join(half[:30] + ["other", "words"] * 15)) == set()


def test_nothing_one_prompt_and_prompts_without_a_sign_have_no_group():
    assert near_duplicate_groups([]) == {}
    assert near_duplicate_groups(named("alone")) == {}
    assert near_duplicate_groups(named("", " ", "\n")) == {}


def test_a_group_is_named_by_its_smallest_hash():
    prompts = named(LONG, LONG + " please", LONG + " now")
    smallest = min(prompt for prompt, _ in prompts)
    assert near_duplicate_groups(prompts) == {prompt: smallest for prompt, _ in prompts}


def test_resemblance_is_passed_on():
    words = [f"w{number}" for number in range(60)]
    chain = [" ".join(words[start : start + 50]) for start in (0, 3, 6)]
    assert resemblance(chain[0], chain[2]) < 0.8 < resemblance(chain[0], chain[1])
    assert groups_of(*chain) == {frozenset(chain)}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_the_groups_do_not_depend_on_the_order_of_the_prompts(seed):
    dice = random.Random(seed)
    bases = [" ".join(dice.choices(WORDS, k=dice.randint(1, 30))) for _ in range(12)]
    texts = sorted({base + dice.choice(["", " a", " b c"]) for base in bases for _ in range(3)})
    prompts = named(*texts)
    before = near_duplicate_groups(prompts)
    dice.shuffle(prompts)
    assert near_duplicate_groups(prompts) == before


def test_of_many_prompts_those_that_resemble_by_nine_tenths_are_found_and_those_by_half_are_not():
    dice = random.Random(7)
    vocabulary = [f"word{number}" for number in range(5000)]
    found = wrong = 0
    prompts = []
    for number in range(400):
        words = dice.choices(vocabulary, k=60)
        near, far = [*words[:58], "x", "y"], [*words[:40], *dice.choices(vocabulary, k=20)]
        prompts += [(f"{number:04}-{kind}", " ".join(text)) for kind, text in (("a", words), ("b", near), ("c", far))]
    groups = near_duplicate_groups(prompts)
    for number in range(400):
        found += groups.get(f"{number:04}-a") == groups.get(f"{number:04}-b") == f"{number:04}-a"
        wrong += f"{number:04}-c" in groups
    assert found >= 399
    assert wrong == 0


def test_a_thousand_prompts_of_one_template_are_looked_at_in_linear_time():
    template = " ".join(WORDS * 4)
    prompts = named(*(f"{template} {number}" for number in range(COMPARED_IN_BAND * 60)))
    assert len(set(near_duplicate_groups(prompts).values())) == 1


def test_the_system_message_is_no_part_of_what_is_asked_unless_it_is_all_there_is():
    system, user = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}
    assert prompt_text([system, user]) == "Why?"
    assert prompt_text([system]) == "Be brief."

"""A prompt that holds a benchmark's is found, with the line it holds; others are not."""

import pytest

from preferences.benchmark_overlap import Benchmark, Overlap, benchmark_prompts
from preferences.errors import InvalidRow

QUESTION = "A train leaves at nine and travels sixty miles an hour; when does it arrive two hundred miles away?"


def test_a_benchmark_prompt_is_found_within_a_longer_one_and_by_its_line():
    benchmark = Benchmark([(1, "What is the capital of the smallest country?"), (2, QUESTION)])
    assert len(benchmark) == 2
    assert benchmark.overlap(f"Solve this step by step, and check twice. {QUESTION.upper()} Thanks!") == Overlap(2, 1.0)
    assert benchmark.overlap("A train leaves at nine. Write a poem about it.") is None
    assert benchmark.overlap("") is None


def test_a_word_changed_counts_as_far_as_it_reaches():
    words = QUESTION.split()
    words[9] = "kilometres"  # of 16 runs of three words, three hold it
    found = Benchmark([(7, QUESTION)]).overlap(" ".join(words))
    assert found == Overlap(7, round(1 - 3 / 17, 3))
    words[3] = "ten"
    assert Benchmark([(7, QUESTION)]).overlap(" ".join(words)) is None


def test_a_short_benchmark_prompt_is_found_only_as_a_whole():
    benchmark = Benchmark([(1, "Hello!"), (2, "😀")])
    assert benchmark.overlap("hello") == Overlap(1, 1.0)
    assert benchmark.overlap("hello to all of you") is None
    assert benchmark.overlap("😀") == Overlap(2, 1.0)


def test_of_equal_overlaps_the_first_line_is_named():
    assert Benchmark([(3, QUESTION), (9, QUESTION)]).overlap(QUESTION).line == 3


def test_lines_are_texts_or_objects_and_empty_ones_are_passed_over():
    lines = [
        b'"one"\n',
        b"\n",
        b'{"prompt": "two", "answer": 3}\n',
        b'{"question": "three"}\n',
        b'{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "four"}]}\n',
        b'[{"role": "user", "content": "five"}]\n',
    ]
    assert list(benchmark_prompts(lines)) == [(1, "one"), (3, "two"), (4, "three"), (5, "four"), (6, "five")]


@pytest.mark.parametrize("line", [b"{", b"3", b"{}", b'{"prompt": 4}', b'[{"role": "user"}]', b"\xff", b"[" * 100_000])
def test_a_line_that_holds_no_prompt_is_named(line):
    with pytest.raises(InvalidRow, match="Line 2 of the benchmark"):
        list(benchmark_prompts([b'"fine"', line]))


def test_a_benchmark_without_end_is_refused(monkeypatch):
    monkeypatch.setattr("preferences.benchmark_overlap.MOST_PROMPTS", 3)
    with pytest.raises(InvalidRow, match="more than 3 prompts"):
        Benchmark((number, f"prompt {number}") for number in range(9))

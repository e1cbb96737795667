"""Each check finds what it names, marks where it stands, and lets ordinary answers pass."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.moderation.checksums import RRN_WEIGHTS, is_iban, is_resident_number, passes_luhn
from labeling.moderation.classifier import read_scores
from labeling.moderation.completeness import open_fence
from labeling.moderation.errors import InvalidChecks, InvalidScores
from labeling.moderation.moderating import moderate, prompts_of_responses
from labeling.moderation.registry import CHECKS, build_checks, settings_of
from labeling.moderation.subjects import Surroundings, subject_of
from preferences.hashing import response_hash
from preferences.records import ComparisonRecord, Message, ResponseRecord

GOOD = "The kettle whistles because steam leaves its spout through a narrow gap. That makes the air vibrate."
OTHER = "Steam is forced through two small plates, and the whirls between them sing."


def record(*responses, prompt="Why does a kettle whistle?", system=""):
    turns = [Message(role="system", content=system)] if system else []
    return ComparisonRecord(
        prompt=(*turns, Message(role="user", content=prompt)),
        responses=tuple(ResponseRecord(content=text) for text in responses),
        kind="comparison" if len(responses) > 1 else "demonstration",
    )


def found(*responses, check, settings=None, around=None, **what):
    subject = subject_of(record(*responses, **what), around)
    return list(moderate(subject, build_checks({check: settings or {}}, [check])))


def reasons(*responses, check, **what):
    return [finding.reason for finding in found(*responses, check=check, **what)]


def marked(finding):
    return finding.text.content[finding.start : finding.end]


@pytest.mark.parametrize("check", CHECKS)
def test_ordinary_answers_pass_every_check(check):
    assert found(GOOD, OTHER, check=check) == []


@given(st.lists(st.text(max_size=200), min_size=2, max_size=4, unique=True), st.text(min_size=1, max_size=80))
def test_whatever_people_send_no_check_breaks_and_every_span_is_within_its_text(responses, prompt):
    around = Surroundings(prompts_of={response_hash(text): 2 for text in responses})
    for finding in moderate(subject_of(record(*responses, prompt=prompt), around), build_checks({})):
        assert 0 <= finding.start <= finding.end <= len(finding.text.content)
        assert finding.reason in CHECKS[finding.check].reasons


@pytest.mark.parametrize(
    ("text", "reason"), [("", "empty"), (" \n\u200b", "empty"), ("<nooutput>", "placeholder"), ("......", "no_words")]
)
def test_an_answer_without_words_is_empty(text, reason):
    assert reasons(text, GOOD, check="empty") == [reason]


@pytest.mark.parametrize("text", ["42", "👍", "∫ x", "예"])
def test_a_number_or_a_picture_is_an_answer(text):
    assert reasons(text, GOOD, check="empty") == []


def test_a_code_block_that_nothing_closes_is_cut_off_and_marked_to_its_end():
    (finding,) = found("Run this:\n```python\nprint(1)\n", GOOD, check="truncated")
    assert (finding.reason, marked(finding)) == ("open_code_block", "```python\nprint(1)")


@pytest.mark.parametrize(
    "text", ["```\na\n```", "~~~\n```\n~~~", "````\n```\n````", "text ``` inline", "```a`b\nno fence"]
)
def test_code_blocks_that_are_closed_or_none_are_whole(text):
    assert open_fence(text) is None


@given(st.lists(st.sampled_from(["```", "````", "~~~", "code", "text"]), max_size=12))
def test_a_fence_that_is_open_is_closed_by_the_same_fence(lines):
    text = "\n".join(lines)
    at = open_fence(text)
    if at is not None:
        fence = text[at:].splitlines()[0]
        assert open_fence(f"{text}\n{fence}") is None


@pytest.mark.parametrize("end", ["because", "and", "of", "the", "cheaper,", "물을", "끓이기 위해"])
def test_a_last_word_that_no_sentence_ends_with_is_cut_off(end):
    assert reasons(f"{GOOD} They do it {end}", OTHER, check="truncated") == ["cut_word"]


def test_a_last_line_without_an_end_under_lines_that_have_one_is_cut_off():
    text = f"{GOOD}\n{GOOD}\nWhen the water boils you will hear that it"
    (finding,) = found(text, OTHER, check="truncated")
    assert (finding.reason, marked(finding)) == ("cut_sentence", "When the water boils you will hear that it")


@pytest.mark.parametrize(
    "text",
    [
        f"{GOOD} {GOOD}\nBest regards,",
        f"{GOOD} {GOOD}\n- a list item that has no stop at all",
        f"{GOOD} {GOOD}\nsee https://example.org/kettle and more there",
        f"{GOOD} {GOOD}\n물이 끓으면 주전자가 소리를 냅니다",
        f"i never set stops. really. {GOOD} {GOOD} it is what it is you know",
        f"{GOOD} {GOOD} (That is all)",
        "A short answer without a stop. Yes. It is so",
    ],
)
def test_endings_that_people_write_are_not_cut_off(text):
    assert reasons(text, OTHER, check="truncated") == []


def test_the_same_answer_under_several_prompts_is_a_duplicate_and_a_short_one_is_not():
    records = [record(GOOD, "Yes.", prompt=f"Question {number}?") for number in range(3)]
    around = Surroundings(prompts_of=prompts_of_responses(records))
    (finding,) = found(GOOD, "Yes.", check="duplicate", around=around)
    assert (finding.reason, finding.figures, finding.text.content) == ("several_prompts", {"prompts": 3}, GOOD)


def test_answers_that_differ_by_a_stop_are_nearly_equal_and_the_later_one_is_named():
    (finding,) = found(OTHER, GOOD, GOOD.upper().replace(".", " !"), check="duplicate")
    assert (finding.reason, finding.text.response, finding.figures) == ("nearly_equal", 2, {"like": 1, "similarity": 1})


def test_how_nearly_equal_is_the_share_of_common_runs_of_five_characters():
    settings = {"similarity": 0.5}
    (finding,) = found("abcdefgh", "abcdefgx", check="duplicate", settings=settings)  # abcde bcdef cdefg of 5
    assert finding.figures["similarity"] == 0.6
    assert found("abcdefgh", "abcdefgx", check="duplicate") == []


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot assist you with this request.",
        "As an AI language model, I cannot have opinions.",
        "I must decline.",
        "I’m not comfortable discussing this.",
        "죄송하지만 그 질문에는 답변드릴 수 없습니다.",
        "그 요청은 도와드릴 수 없어요.",
        "저는 AI 언어 모델로서 그 일을 할 수 없습니다.",
    ],
)
def test_refusals_in_english_and_korean_are_seen(text):
    assert reasons(text, GOOD, check="refusal") == ["declines"]


@pytest.mark.parametrize(
    "text",
    [
        "You can't help but smile.",
        "I'm sorry, I can't think of a better name than Kettle.",
        "I won't keep you waiting: it is steam.",
        "끓는 물은 막을 수 없습니다.",
        f"{GOOD * 3} I cannot help with more.",
    ],
)
def test_words_of_a_refusal_that_refuse_nothing_pass(text):
    assert reasons(text, OTHER, check="refusal") == []


@pytest.mark.parametrize("marker", ["<|im_end|>", "[INST]", "<start_of_turn>", "[|endofturn|]"])
def test_a_template_marker_leaks_unless_the_prompt_speaks_of_it(marker):
    (finding,) = found(f"Steam.{marker}user", GOOD, check="leakage")
    assert (finding.reason, finding.severity, marked(finding)) == ("template_marker", "high", marker)
    assert reasons(f"It is {marker}.", GOOD, check="leakage", prompt=f"What is {marker}?") == []


def test_words_of_the_system_message_in_a_row_leak_and_the_whole_run_is_marked():
    system = "You are Kettle, a patient teacher who never says where the tea is kept in this house."
    said = "I am told: you are Kettle, a patient teacher who never says where the tea is kept. So no."
    (finding,) = found(said, GOOD, check="leakage", system=system)
    assert marked(finding) == "you are Kettle, a patient teacher who never says where the tea is kept"
    assert reasons("You are Kettle, a patient teacher.", GOOD, check="leakage", system=system) == []


def test_an_answer_that_begins_with_the_question_echoes():
    question = "Please explain to me in simple words why a kettle whistles when it boils."
    assert reasons(f"\n{question} Steam.", GOOD, check="leakage", prompt=question) == ["echo"]


def test_secrets_are_marked_in_answers_and_prompts():
    key = "AKIA" + "Q3EGRIFVTY7XWZ4P"
    in_answer, in_prompt = found(f"Use {key} here.", GOOD, check="secret", prompt=f"Is {key} a key?")[::-1]
    assert (in_answer.reason, marked(in_answer), marked(in_prompt)) == ("aws", key, key)
    assert in_answer.figures == {}


@pytest.mark.parametrize("text", ["password = hunter2", "sha256: " + "0f" * 32, "the token is optional"])
def test_what_only_sounds_like_a_secret_passes(text):
    assert reasons(text, GOOD, check="secret") == []


@pytest.mark.parametrize(
    ("text", "reason", "value"),
    [
        ("Write to mina.kim@kettle-works.kr today.", "email", "mina.kim@kettle-works.kr"),
        ("카드 4539 1488 0343 6467 입니다.", "card", "4539 1488 0343 6467"),
        ("Pay to DE89 3704 0044 0532 0130 00 please", "iban", "DE89 3704 0044 0532 0130 00"),
        ("주민등록번호는 900101-1234568 입니다.", "resident_number", "900101-1234568"),
        ("전화는 010-2345-6789 로 하세요.", "phone", "010-2345-6789"),
        ("Call +44 20 7946 0958 now", "phone", "+44 20 7946 0958"),
    ],
)
def test_personal_data_is_marked(text, reason, value):
    (finding,) = found(text, GOOD, check="personal_data")
    assert (finding.reason, marked(finding)) == (reason, value)


@pytest.mark.parametrize(
    "text",
    [
        "Write to you@example.com.",
        "The card 4539 1488 0343 6468 fails its check digit.",
        "주민등록번호는 900101-1234567 입니다.",
        "주민등록번호는 901301-1234568 입니다.",
        "Call 1588-0000, the office, or 555-0100 in films.",
        "In 1998 12 345 people of 2,345,678 said 3.14159265358979.",
    ],
)
def test_numbers_that_do_not_prove_themselves_are_nobodys(text):
    assert reasons(text, GOOD, check="personal_data") == []


@given(st.text("0123456789", min_size=11, max_size=18))
def test_one_last_digit_of_ten_passes_luhn(digits):
    assert sum(passes_luhn(digits + last) for last in "0123456789") == 1


@given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.text("0123456789", min_size=5, max_size=5))
def test_one_last_digit_of_ten_makes_a_resident_number_of_a_birthday(born, rest):
    start = f"{born:%y%m%d}1{rest}"
    total = sum(weight * int(digit) for weight, digit in zip(RRN_WEIGHTS, start, strict=True))
    passing = [last for last in range(10) if is_resident_number(f"{start}{last}")]
    assert passing == [(11 - total % 11) % 10]
    assert not is_resident_number(f"{born + timedelta(days=1):%y}9999{start[6:]}0")


@given(st.text("0123456789", min_size=18, max_size=18))
def test_one_pair_of_check_digits_makes_an_iban(account):
    passing = [f"{check:02}" for check in range(2, 99) if is_iban(f"DE{check:02}{account}")]
    assert len(passing) == 1
    assert not is_iban(f"DE{passing[0]}{account}0")


def test_an_answer_in_another_script_than_its_question_is_seen():
    answers = ("Pour the water slowly, then wait.", "물을 천천히 부으세요.")
    (finding,) = found(*answers, prompt="차를 맛있게 우리려면 어떻게 해야 하는지 알려 주세요.", check="language")
    assert finding.figures == {"asked": "HANGUL", "answered": "LATIN"}


@pytest.mark.parametrize(
    ("prompt", "response"),
    [
        ("다음 문장을 영어로 번역해 주세요: 차를 우리는 데 삼 분이 걸립니다.", "It takes three minutes to steep tea."),
        (
            "How do I say good morning in Korean, politely and to a teacher?",
            "안녕히 주무셨어요, 선생님 그리고 안녕하세요",
        ),
        ("물이 끓으면 소리를 내는 파이썬 코드를 보여 주세요.", "```python\nprint('the kettle whistles now')\n```"),
        ("차를 맛있게 우리려면 어떻게 해야 하는지 알려 주세요.", "Steep."),
    ],
)
def test_questions_about_languages_code_and_short_answers_may_change_the_script(prompt, response):
    assert reasons(response, "다른 대답입니다.", prompt=prompt, check="language") == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"fewest_words": 3}, ["too_short"]),
        ({"most_characters": 50}, ["too_long"]),
        ({"most_words": 7}, ["too_long"]),
    ],
)
def test_lengths_are_bounded_as_the_project_says(settings, expected):
    assert reasons("Just steam.", GOOD, check="length", settings=settings) == expected


def test_a_classifiers_label_counts_from_its_threshold_on():
    lines = [json.dumps({"response": GOOD, "scores": {"toxic": 0.5, "rude": 0.49}}), "", "\n"]
    around = Surroundings(scores=read_scores(lines))
    (finding,) = found(GOOD, OTHER, check="classifier", around=around)
    assert finding.figures == {"label": "toxic", "score": 0.5}


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"response": 1, "scores": {}}', '{"response": "a", "scores": {"x": 1.1}}',
             '{"response": "a", "scores": {"x": true}}', '{"response": "a", "scores": {"x": NaN}}'],
)  # fmt: skip
def test_scores_that_are_none_are_refused_with_their_line(line):
    with pytest.raises(InvalidScores, match="Line 2"):
        read_scores(["", line])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"spelling": {}}, "no check “spelling”"),
        ({"empty": {"words": 1}}, "It has: none"),
        ({"length": {"most_words": 1.5}}, "a whole number"),
        ({"length": {"most_words": -1}}, "a whole number"),
        ({"duplicate": {"similarity": 1.5}}, "from 0 to 1"),
        ({"duplicate": {"similarity": True}}, "from 0 to 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused_with_a_sentence(settings, says):
    with pytest.raises(InvalidChecks, match=says):
        build_checks(settings)


def test_checks_are_named_once_and_every_setting_has_a_default_that_fits():
    assert [check.name for check in build_checks({name: settings_of(name) for name in CHECKS})] == list(CHECKS)
    assert [check.name for check in build_checks({}, ["length", "empty"])] == ["empty", "length"]


def test_messages_are_read_for_their_words_and_pictures_not_at_all():
    messages = json.dumps([{"role": "assistant", "content": "Steam, and"}, {"role": "assistant", "content": "TODO"}])
    responses = (ResponseRecord(content=messages, kind="messages"), ResponseRecord(content="a" * 64, kind="picture"))
    prompt = (Message(role="user", content="Why?"),)
    subject = subject_of(ComparisonRecord(prompt=prompt, responses=responses))
    assert [text.content for text in subject.responses] == ["Steam, and\n\nTODO"]

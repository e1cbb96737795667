"""One layout for training and scoring, and one rule for what is cut."""

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from preferences.records import Message
from rewardmodel.core.data.template import ROLE_LINES, Template, shares
from rewardmodel.core.data.texts import prompt_text, response_text
from rewardmodel.core.errors import InvalidConfig, RefusedConversation
from rewardmodel.core.model import load_backbone
from tests.rewardmodel.builders import CHOOSY, make_tiny_encoder


@pytest.fixture
def bert(tiny_bert: Path) -> Template:
    return load_backbone(str(tiny_bert), max_length_tokens=16).template


@pytest.fixture
def llama(tiny_llama: Path) -> Template:
    return load_backbone(str(tiny_llama), max_length_tokens=64).template


def words(template: Template, prompt: str, response: str) -> list[str]:
    (text,) = template.encode([(prompt, response)])
    return template.tokenizer.convert_ids_to_tokens(list(text.token_ids))


def test_an_encoder_reads_a_sentence_pair(bert: Template) -> None:
    (text,) = bert.encode([("boil an egg", "good")])
    assert words(bert, "boil an egg", "good") == ["[CLS]", "boil", "an", "egg", "[SEP]", "good", "[SEP]"]
    assert text.token_types == (0, 0, 0, 0, 0, 1, 1)
    assert not text.is_truncated


def test_a_long_prompt_loses_its_beginning_and_the_response_stays_whole(bert: Template) -> None:
    tokens = words(bert, "red " * 20 + "boil an egg now", "good bad good")
    assert len(tokens) == 16
    assert tokens[0] == "[CLS]"
    assert tokens[-5:] == ["[SEP]", "good", "bad", "good", "[SEP]"]
    assert tokens[-6] == "now"
    assert bert.encode([("red " * 20, "good")])[0].is_truncated


def test_a_response_longer_than_its_share_keeps_its_beginning(bert: Template) -> None:
    tokens = words(bert, "red red red red boil an egg", "good " + "bad " * 40)
    assert tokens == ["[CLS]", "boil", "an", "egg", "[SEP]", "good", *["bad"] * 9, "[SEP]"]


@pytest.mark.parametrize(
    ("prompt", "response", "kept"),
    [(10, 10, (10, 10)), (200, 50, (50, 50)), (200, 200, (25, 75)), (10, 200, (10, 90)), (0, 200, (0, 100))],
)
def test_what_does_not_fit_is_cut_from_the_prompt_first(prompt: int, response: int, kept: tuple[int, int]) -> None:
    assert shares(prompt, response, room=100) == kept


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_pair_that_fits_is_laid_out_as_its_tokenizer_does(tmp_path: Path, kind: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(make_tiny_encoder(tmp_path, kind))
    (text,) = Template(tokenizer, kind="sentence-pair", max_length_tokens=64).encode([("boil an egg", "good, now")])
    own = tokenizer.backend_tokenizer.encode("boil an egg", "good, now")
    assert (list(text.token_ids), list(text.token_types or ())) == (own.ids, own.type_ids)


def test_texts_a_thousand_times_longer_than_the_window_are_merely_cut(bert: Template) -> None:
    (text,) = bert.encode([("boil " * 60_000, "egg " * 60_000)])
    assert len(text.token_ids) == bert.max_length_tokens
    assert text.is_truncated


def test_a_decoder_without_chat_template_reads_role_lines_and_ends_in_eos(llama: Template) -> None:
    assert llama.kind == ROLE_LINES
    (text,) = llama.encode([("boil an egg", "good")])
    assert llama.tokenizer.decode(list(text.token_ids)) == "<s>User: boil an egg\n\nAssistant: good</s>"


def test_a_long_decoder_prompt_keeps_start_end_and_end_of_text(llama: Template) -> None:
    (text,) = llama.encode([("red " * 200 + "egg", "good")])
    assert len(text.token_ids) == 64
    assert text.token_ids[0] == llama.tokenizer.bos_token_id
    assert text.token_ids[-1] == llama.tokenizer.eos_token_id
    assert llama.tokenizer.decode(list(text.token_ids)).endswith("egg\n\nAssistant: good</s>")


@pytest.fixture
def chatty(tiny_llama: Path) -> Template:
    """A decoder whose tokenizer has a chat template."""
    tokenizer = load_backbone(str(tiny_llama), max_length_tokens=64).template.tokenizer
    tokenizer.chat_template = (
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token if m.role == 'assistant' }}\n{% endfor %}"
        "{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    return Template(tokenizer, kind="chat-template", max_length_tokens=64)


@pytest.fixture
def choosy(tiny_llama: Path) -> Template:
    """A decoder whose chat template refuses system messages, as Gemma's does."""
    tokenizer = load_backbone(str(tiny_llama), max_length_tokens=64).template.tokenizer
    tokenizer.chat_template = CHOOSY
    return Template(tokenizer, kind="chat-template", max_length_tokens=64)


def test_a_chat_template_is_used_and_its_end_of_text_not_doubled(chatty: Template) -> None:
    (text,) = chatty.encode([([Message(role="user", content="egg")], "good")])
    assert chatty.tokenizer.decode(list(text.token_ids)) == "[user]egg\n[assistant]good</s>"


@pytest.mark.parametrize("response", ["good", "good</s>", "good</s>\n"])
def test_a_prompt_that_is_laid_out_already_is_not_laid_out_again(chatty: Template, response: str) -> None:
    laid_out = chatty.encode([("[user]egg\n[assistant]", response)])
    assert laid_out == chatty.encode([([Message(role="user", content="egg")], "good")])


def test_a_conversation_that_the_chat_template_refuses_is_refused_by_a_sentence(choosy: Template) -> None:
    with pytest.raises(RefusedConversation, match="refuses a conversation: No system message, please"):
        choosy.encode([([Message(role="system", content="egg")], "good")])


def test_a_broken_chat_template_is_the_backbones(chatty: Template) -> None:
    chatty.tokenizer.chat_template = "{% for m in messages %}"
    with pytest.raises(InvalidConfig, match="chat template is broken") as refusal:
        chatty.encode([("egg", "good")])
    assert refusal.value.field == "backbone"


def test_a_text_prompt_and_one_user_message_are_the_same(bert: Template, llama: Template) -> None:
    for template in (bert, llama):
        message = [Message(role="user", content="boil an egg")]
        assert template.encode([("boil an egg", "good")]) == template.encode([(message, "good")])


def test_longer_chats_become_role_lines_for_an_encoder() -> None:
    chat = [Message(role="user", content="hi"), Message(role="assistant", content="ho")]
    assert prompt_text(chat) == "User: hi\n\nAssistant: ho"


def test_a_response_of_messages_becomes_role_lines_and_a_picture_is_refused() -> None:
    assert response_text(json.dumps([{"role": "tool", "content": "42"}]), "messages") == "Tool: 42"
    with pytest.raises(ValueError, match="not text"):
        response_text("x.png", "picture")


def test_the_digest_names_tokenizer_layout_and_window(tiny_bert: Path, bert: Template, llama: Template) -> None:
    again = load_backbone(str(tiny_bert), max_length_tokens=16).template
    assert again.digest == bert.digest
    assert load_backbone(str(tiny_bert), max_length_tokens=17).template.digest != bert.digest
    assert len({bert.digest, llama.digest}) == 2

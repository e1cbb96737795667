"""A query string with NUL in it is refused with a sentence everywhere, before a database is asked."""

import pytest
from django.test import Client

from config.query_strings import number_in
from tests.factories import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(make_person("engineer"))
    return client


@pytest.mark.parametrize(
    "address",
    ["/reward-models/compare/?a=%00&b=x", "/playground/?policy=%00", "/runs/?scope=%00", "/runs/?kind=%00"],
)
def test_a_page_says_so_in_plain_text(browser: Client, address: str) -> None:
    answer = browser.get(address)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode().endswith(".")


def test_the_api_says_so_in_its_own_shape(browser: Client) -> None:
    answer = browser.get("/api/v1/runs/?scope=%00")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["message"]


@pytest.mark.parametrize(
    "query", ["", "?scope=100%2500", "?scope=%ED%95%9C%EA%B5%AD", "?scope=%E2%80%AEabc", "?scope=%ff"]
)
def test_whatever_else_is_asked_for_goes_through(browser: Client, query: str) -> None:
    assert browser.get(f"/runs/{query}").status_code == 200


@pytest.mark.parametrize(
    ("said", "number"), [("7", 7), ("", None), ("-1", None), ("1.5", None), ("9" * 18, 10**18 - 1), ("9" * 19, None)]
)
def test_a_number_is_one_that_a_row_can_have(said: str, number: int | None) -> None:
    assert number_in(said) == number

"""Demonstrations and improvements: from the form or the API to a response, and into a snapshot while they stand."""

import json
import uuid

import pytest
from django.test import Client

from labeling.errors import InvalidSnapshot, InvalidVerdict
from labeling.invariants import find_violations
from labeling.models import Comparison, Judgment, Response
from labeling.services.assignments import lease_next, reopen_last, skip
from labeling.services.judgments import submit_judgment
from labeling.services.people import create_token
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot, snapshot_path
from labeling.verdicts import Verdict
from preferences.snapshot import read_snapshot
from tests.factories import make_comparison, make_member, make_project
from tests.labeling.files import four, import_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def writers():
    return make_project("demonstration", judgments_per_comparison=2)


def submit(lease, **fields):
    return submit_judgment(assignment=lease, verdict=Verdict(**fields), client_id=uuid.uuid4()).judgment


def write(project, person, text):
    return submit(lease_next(project=project, annotator=person), written=text)


def demonstrations_in(project, **request):
    try:
        snapshot = freeze_snapshot(project=project, request=SnapshotRequest(**request)).snapshot
    except InvalidSnapshot:  # nothing to freeze
        return []
    rows = read_snapshot(snapshot_path(snapshot), kind="demonstration")
    return sorted(row.record.responses[0].content for row in rows)


def test_a_demonstration_is_stored_as_a_response_of_its_author(writers):
    comparison = make_comparison(writers, k=0)
    person = make_member(writers)
    judgment = write(writers, person, "The ideal answer.")
    written = Response.objects.get()
    assert (judgment.written, judgment.ranking) == (written, [])
    assert (written.content, written.is_demonstration, written.author) == ("The ideal answer.", True, person)
    assert (written.policy_name, written.improves, written.prompt) == ("", None, comparison.prompt)
    assert list(find_violations()) == []


def test_two_people_who_write_the_same_share_one_row(writers):
    make_comparison(writers, k=0)
    first = write(writers, make_member(writers), "Yes.")
    second = write(writers, make_member(writers), "Yes.")
    assert first.written == second.written
    assert Response.objects.count() == 1


def test_one_response_shown_is_the_one_that_is_improved(writers):
    comparison = make_comparison(writers, texts=["A draft."])
    judgment = write(writers, make_member(writers), "A better text.")
    assert judgment.written.improves == comparison.responses.get()


def test_an_unchanged_text_stores_no_demonstration(writers):
    make_comparison(writers, texts=["A draft.\r\n"])
    assert write(writers, make_member(writers), "A draft.").written is None
    assert not Response.objects.filter(is_demonstration=True).exists()


def test_the_chosen_response_is_improved_beside_the_choice():
    project = make_project(instrument={"asks_improvement": True})
    make_comparison(project)
    lease = lease_next(project=project, annotator=make_member(project))
    a, b = lease.shown_order
    judgment = submit(lease, ranking=((b,), (a,)), written="Better still.")
    assert judgment.written.improves_id == b
    assert judgment.ranking == [[b], [a]]


def test_a_conversation_cannot_be_improved_as_a_text():
    project = make_project(instrument={"asks_improvement": True})
    comparison = make_comparison(project)
    comparison.responses.update(kind="messages")
    lease = lease_next(project=project, annotator=make_member(project))
    with pytest.raises(InvalidVerdict):
        submit(lease, ranking=tuple((response,) for response in lease.shown_order), written="Better.")
    assert not Judgment.objects.exists()


def test_a_second_submit_stores_one_demonstration(writers):
    make_comparison(writers, k=0)
    lease = lease_next(project=writers, annotator=make_member(writers))
    key, verdict = uuid.uuid4(), Verdict(written="Once.")
    first = submit_judgment(assignment=lease, verdict=verdict, client_id=key)
    again = submit_judgment(assignment=lease, verdict=verdict, client_id=key)
    assert (first.is_new, again.is_new) == (True, False)
    assert (Judgment.objects.count(), Response.objects.count()) == (1, 1)


# ---- snapshots


def test_a_snapshot_holds_each_demonstration_that_stands(writers):
    make_comparison(writers, k=0)
    write(writers, make_member(writers), "One.")
    write(writers, make_member(writers), "Two.")
    assert demonstrations_in(writers) == ["One.", "Two."]


def test_a_correction_takes_the_place_of_what_it_corrects(writers):
    make_comparison(writers, k=0)
    person = make_member(writers)
    write(writers, person, "First try.")
    submit(reopen_last(project=writers, annotator=person), written="Second try.")
    assert demonstrations_in(writers) == ["Second try."]
    assert Response.objects.filter(is_demonstration=True).count() == 2


def test_a_withdrawn_demonstration_is_left_out_and_a_shared_one_stays_while_anybody_stands_by_it(writers):
    make_comparison(writers, k=0)
    people = [make_member(writers), make_member(writers)]
    for person in people:
        write(writers, person, "Shared.")
    skip(assignment=reopen_last(project=writers, annotator=people[0]), reason="on reflection")
    assert demonstrations_in(writers) == ["Shared."]
    skip(assignment=reopen_last(project=writers, annotator=people[1]), reason="me too")
    assert demonstrations_in(writers) == []


def test_an_imported_demonstration_stays_whatever_people_do_with_its_words(writers, tmp_path):
    import_rows(writers, tmp_path, [{"prompt": "Q", "kind": "demonstration", "responses": [{"content": "Ideal."}]}])
    import_rows(writers, tmp_path, [{"prompt": "Q"}])
    person = make_member(writers)
    write(writers, person, "Ideal.")
    skip(assignment=reopen_last(project=writers, annotator=person), reason="no")
    assert demonstrations_in(writers) == ["Ideal."]


def test_whoever_is_left_out_takes_their_demonstrations_along(writers):
    make_comparison(writers, k=0)
    people = [make_member(writers), make_member(writers)]
    for person, text in zip(people, ["Mine.", "Yours."], strict=True):
        write(writers, person, text)
    assert demonstrations_in(writers, exclude_annotators=(people[0].pseudonym,)) == ["Yours."]


# ---- rows that ask for a demonstration


def test_a_demonstration_project_takes_prompts_with_one_response_or_none(writers, tmp_path):
    rows = [{"prompt": "Alone?"}, {"prompt": "Empty?", "responses": []}, {"prompt": "One?", "responses": ["A draft."]}]
    assert four(import_rows(writers, tmp_path, rows)) == (3, 3, 0, 0)
    assert four(import_rows(writers, tmp_path, rows)) == (3, 0, 0, 3)
    assert sorted(comparison.responses.count() for comparison in Comparison.objects.all()) == [0, 0, 1]
    assert set(Comparison.objects.values_list("target_judgments", "open_slots")) == {(2, 2)}
    assert list(find_violations()) == []


def test_a_prompt_twice_in_one_file_is_one_comparison(writers, tmp_path):
    assert four(import_rows(writers, tmp_path, [{"prompt": "Same?"}, {"prompt": "Same?"}])) == (2, 1, 0, 1)


def test_a_native_row_keeps_its_policy_and_metadata(writers, tmp_path):
    row = {"prompt": "Q?", "responses": [{"content": "Draft.", "policy": "base"}], "metadata": {"source": "forum"}}
    import_rows(writers, tmp_path, [row], format="plumbline")
    assert Response.objects.get().policy_name == "base"
    assert Comparison.objects.get().metadata["source"] == "forum"


def test_other_projects_refuse_them_and_say_why(tmp_path):
    project = make_project()
    rows = [{"prompt": "Q", "responses": ["a", "b"]}, {"prompt": "Q?", "responses": ["only one"]}]
    assert four(import_rows(project, tmp_path, rows)) == (2, 1, 1, 0)


# ---- over HTTP


def test_the_page_stores_what_was_written_and_brings_it_back_to_undo(writers):
    make_comparison(writers, texts=["A draft."])
    person = make_member(writers)
    client = Client()
    client.force_login(person)
    screen = client.get(f"/projects/{writers.slug}/label/").context["screen"]
    assert screen.writing.text == "A draft."
    url = f"/projects/{writers.slug}/label/{screen.assignment.pk}/"
    refused = client.post(url, {"client_id": str(uuid.uuid4()), "written": " "})
    assert refused.status_code == 422
    assert "Write the answer before you submit." in refused.content.decode()
    assert client.post(url, {"client_id": str(uuid.uuid4()), "written": "Line.\r\nNext."}).status_code == 303
    assert Response.objects.get(is_demonstration=True).content == "Line.\nNext."
    client.post(f"/projects/{writers.slug}/label/undo/")
    assert client.get(f"/projects/{writers.slug}/label/").context["screen"].writing.text == "Line.\nNext."


def test_the_api_takes_a_text_and_says_of_each_response_what_it_is(writers):
    make_comparison(writers, texts=["A draft."])
    secret = create_token(person=make_member(writers))
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    lease = client.post(f"/api/v1/projects/{writers.slug}/assignments/").json()
    assert [set(shown) for shown in lease["comparison"]["responses"]] == [{"id", "kind", "content"}]
    url = f"/api/v1/assignments/{lease['id']}/judgment/"
    body = {"client_id": str(uuid.uuid4()), "written": "Mine."}
    for expected in (201, 200):
        answer = client.post(url, json.dumps(body), content_type="application/json")
        assert answer.status_code == expected
    assert Judgment.objects.get().written.content == "Mine."


def test_the_preview_renders_markdown_and_lets_nothing_through(writers):
    client = Client()
    client.force_login(make_member(writers))
    url = f"/projects/{writers.slug}/label/preview/"
    page = client.post(url, {"text": "**bold** <script>alert(1)</script>"}).content.decode()
    assert "<strong>bold</strong>" in page
    assert "<script" not in page
    assert client.get(url).status_code == 405
    assert not Response.objects.exists()

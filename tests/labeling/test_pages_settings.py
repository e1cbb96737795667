"""A project's settings and a new project: what managers may change, what is refused, and the preview."""

from typing import Any

import pytest
from django.test import Client

from labeling.models import Comparison, Instrument, Judgment, Person, Project
from labeling.presets import PRESETS
from labeling.services.assignments import lease_next
from labeling.services.judgments import submit_judgment
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_member, make_person, make_project

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def manager(project: Project) -> Client:
    return client_of(make_member(project, "manager"))


def post(client: Client, project: Project, section: str, **fields: Any) -> Any:
    return client.post(f"/projects/{project.slug}/settings/", {"section": section, **fields})


def judge(project: Project) -> Judgment:
    make_comparison(project)
    lease = lease_next(project=project, annotator=make_member(project))
    assert lease is not None
    verdict = Verdict(ranking=tuple((response,) for response in lease.shown_order))
    return submit_judgment(assignment=lease, verdict=verdict, client_id=lease.pk).judgment


# ---- who, and how


def test_managers_and_owners_open_it_and_nobody_else(project: Project) -> None:
    path = f"/projects/{project.slug}/settings/"
    for person, status in [
        (make_member(project, "manager"), 200),
        (make_person("owner"), 200),
        (make_member(project, "reviewer"), 403),
        (make_member(project), 403),
        (make_person("engineer"), 403),
        (make_person(), 404),
    ]:
        assert client_of(person).get(path).status_code == status


def test_the_preview_and_the_archive_are_posts(project: Project, manager: Client) -> None:
    for name in ("preview", "archive"):
        assert manager.get(f"/projects/{project.slug}/settings/{name}/").status_code == 405


# ---- the instrument


def test_the_instrument_is_changed_as_the_form_says(project: Project, manager: Client) -> None:
    rows = {
        "attributes-TOTAL_FORMS": "2", "attributes-INITIAL_FORMS": "0",
        "attributes-0-label": "도움이 되는가", "attributes-0-lowest": "0", "attributes-0-highest": "4",
        "attributes-0-lowest_label": "전혀", "attributes-0-highest_label": "매우",
        "attributes-1-label": "", "attributes-1-lowest": "1", "attributes-1-highest": "5",
    }  # fmt: skip
    answer = post(
        manager, project, "instrument", kind="ranking", places_asked="3", asks_reason="on", reason_from_strength="0",
        requires_ratings="on", flags="Harmful advice\nspam\nspam\n", **rows,
    )  # fmt: skip
    assert (answer.status_code, answer["Location"]) == (302, f"/projects/{project.slug}/settings/#instrument")
    asked = Instrument.objects.get(project=project)
    assert (asked.kind, asked.places_asked, asked.allows_ties, asked.reason_from_strength) == ("ranking", 3, False, 0)
    assert asked.attributes == [
        {
            "name": "도움이_되는가", "label": "도움이 되는가", "lowest": 0, "highest": 4,
            "lowest_label": "전혀", "highest_label": "매우",
        }
    ]  # fmt: skip
    assert asked.flags == [{"name": "harmful_advice", "label": "Harmful advice"}, {"name": "spam", "label": "spam"}]


def test_the_best_of_several_is_a_ranking_of_one_place_and_comes_back_as_such(
    project: Project, manager: Client
) -> None:
    post(manager, project, "instrument", kind="best", places_asked="7")
    asked = Instrument.objects.get(project=project)
    assert (asked.kind, asked.places_asked) == ("ranking", 1)
    form = manager.get(f"/projects/{project.slug}/settings/").context["asked"]
    assert form["kind"].value() == "best"


def test_a_relabelled_attribute_keeps_its_name_so_that_ratings_stay_together(manager: Client, project: Project) -> None:
    Instrument.objects.filter(project=project).update(
        attributes=[{"name": "truth", "label": "Truth", "lowest": 0, "highest": 4}]
    )
    rows = {
        "attributes-TOTAL_FORMS": "1", "attributes-INITIAL_FORMS": "1", "attributes-0-name": "truth",
        "attributes-0-label": "Correctness", "attributes-0-lowest": "0", "attributes-0-highest": "4",
    }  # fmt: skip
    post(manager, project, "instrument", kind="pair", **rows)
    [attribute] = Instrument.objects.get(project=project).attributes
    assert (attribute["name"], attribute["label"]) == ("truth", "Correctness")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "rating"}, "Name at least one attribute"),
        ({"kind": "ranking", "places_asked": "12"}, "less than or equal to 9"),
        ({"kind": "nothing"}, "Select a valid choice"),
        ({"kind": "pair", "flags": "x" * 61}, None),
        (
            {
                "kind": "pair", "attributes-TOTAL_FORMS": "1", "attributes-INITIAL_FORMS": "0",
                "attributes-0-label": "A", "attributes-0-lowest": "5", "attributes-0-highest": "5",
            },
            "from which number to which higher one",
        ),
        (
            {
                "kind": "pair", "attributes-TOTAL_FORMS": "1", "attributes-INITIAL_FORMS": "0",
                "attributes-0-label": "A", "attributes-0-lowest": "0", "attributes-0-highest": "90",
            },
            "at most 11 of them",
        ),
    ],
)  # fmt: skip
def test_what_nobody_could_answer_is_refused_with_a_sentence(
    project: Project, manager: Client, fields: dict[str, str], sentence: str | None
) -> None:
    answer = post(manager, project, "instrument", **fields)
    if sentence is None:  # a long flag is named by its beginning
        assert answer.status_code == 302
        return
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Instrument.objects.get(project=project).attributes == []


def test_another_kind_is_refused_once_judgments_exist_and_the_rest_may_change(
    project: Project, manager: Client
) -> None:
    judge(project)
    answer = post(manager, project, "instrument", kind="demonstration")
    assert answer.status_code == 422
    assert "which must stay readable" in answer.content.decode()
    assert post(manager, project, "instrument", kind="pair", strength_steps="4").status_code == 302
    asked = Instrument.objects.get(project=project)
    assert (asked.kind, asked.strength_steps) == ("pair", 4)


def test_prompts_without_two_responses_keep_their_project_from_comparing() -> None:
    project = make_project("demonstration")
    make_comparison(project, k=1)
    manager = client_of(make_member(project, "manager"))
    assert post(manager, project, "instrument", kind="pair").status_code == 422
    assert Instrument.objects.get(project=project).kind == "demonstration"


# ---- the preview


@pytest.mark.parametrize(
    ("fields", "shape", "cards"),
    [
        ({"kind": "pair", "asks_strength": "on", "strength_steps": "4"}, "pair", 2),
        ({"kind": "ranking", "places_asked": "6"}, "ranking", 7),
        ({"kind": "best"}, "best", 4),
        ({"kind": "demonstration"}, "demonstration", 0),
    ],
)
def test_the_preview_is_the_form_that_people_will_see_and_stores_nothing(
    project: Project, manager: Client, fields: dict[str, str], shape: str, cards: int
) -> None:
    answer = manager.post(f"/projects/{project.slug}/settings/preview/", fields, headers=HTMX)
    preview = answer.context["preview"]
    assert (preview.shape, len(preview.cards)) == (shape, cards)
    page = answer.content.decode()
    assert "<html" not in page
    assert "inert" in page
    assert Instrument.objects.get(project=project).kind == "pair"
    assert not Comparison.objects.exists()


def test_without_scripts_the_preview_is_a_page_with_what_was_typed(project: Project, manager: Client) -> None:
    answer = manager.post(f"/projects/{project.slug}/settings/preview/", {"kind": "best"})
    assert "<html" in answer.content.decode()
    assert answer.context["asked"]["kind"].value() == "best"
    assert answer.context["preview"].shape == "best"


def test_a_form_that_cannot_be_previewed_says_so(project: Project, manager: Client) -> None:
    page = manager.post(
        f"/projects/{project.slug}/settings/preview/", {"kind": "rating"}, headers=HTMX
    ).content.decode()
    assert "Name at least one attribute" in page


def test_a_preset_fills_the_form_and_changes_nothing(project: Project, manager: Client) -> None:
    answer = manager.get(f"/projects/{project.slug}/settings/?preset=llama-2")
    assert answer.context["asked"]["strength_steps"].value() == 4
    assert [flag["name"] for flag in answer.context["preview"].flags] == [
        "only_chosen_safe",
        "both_safe",
        "both_unsafe",
    ]
    assert Instrument.objects.get(project=project).strength_steps == 3


# ---- queue, joining, name, archive

QUEUE = {
    "queue_policy": "breadth", "judgments_per_comparison": "2", "most_judgments": "5", "wanted_confidence": "95",
    "control_share": "10", "gold_share": "5", "repeat_share": "2.5", "daily_quota": "", "lease_seconds": "900",
}  # fmt: skip


def test_the_queue_is_set_in_per_cent_and_stored_as_shares(project: Project, manager: Client) -> None:
    assert post(manager, project, "queue", **QUEUE).status_code == 302
    project.refresh_from_db()
    assert (project.queue_policy, project.judgments_per_comparison, project.most_judgments) == ("breadth", 2, 5)
    assert (project.control_share, project.gold_share, project.repeat_share) == pytest.approx((0.1, 0.05, 0.025))
    assert (project.wanted_confidence, project.daily_quota, project.lease_seconds) == (0.95, None, 900)
    form = manager.get(f"/projects/{project.slug}/settings/").context["forms"]["queue"]
    assert (form["repeat_share"].value(), form["wanted_confidence"].value()) == ("2.5", "95")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"most_judgments": "1"}, "no fewer than the first ones"),
        ({"gold_share": "60", "repeat_share": "50"}, "together at most 100 %"),
        ({"wanted_confidence": "50"}, "greater than or equal to 50.1"),
        ({"judgments_per_comparison": "0"}, "greater than or equal to 1"),
    ],
)
def test_a_queue_that_contradicts_itself_is_refused_and_nothing_is_stored(
    project: Project, manager: Client, fields: dict[str, str], sentence: str
) -> None:
    answer = post(manager, project, "queue", **{**QUEUE, **fields})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    project.refresh_from_db()
    assert (project.queue_policy, project.gold_share) == ("priority", 0.0)


def test_joining_holds_warnings_and_topics_one_a_line(project: Project, manager: Client) -> None:
    topics = "self-harm: Speaks of suicide.\nwar\n"
    given = {
        "requires_acceptance": "on",
        "exam_pass_share": "80",
        "content_warning": "Careful.",
        "sensitive_topics": topics,
    }
    assert post(manager, project, "joining", **given).status_code == 302
    project.refresh_from_db()
    assert (project.requires_acceptance, project.requires_practice, project.exam_pass_share) == (True, False, 0.8)
    assert project.sensitive_topics == [
        {"name": "self-harm", "warning": "Speaks of suicide."}, {"name": "war", "warning": ""}
    ]  # fmt: skip
    form = manager.get(f"/projects/{project.slug}/settings/").context["forms"]["joining"]
    assert form["sensitive_topics"].value() == topics.strip()
    assert post(manager, project, "joining", sensitive_topics="war\nwar").status_code == 422


def test_a_project_is_renamed_but_keeps_a_name(project: Project, manager: Client) -> None:
    assert post(manager, project, "about", name="Renamed", description="Why.").status_code == 302
    assert post(manager, project, "about", name=" ").status_code == 422
    project.refresh_from_db()
    assert (project.name, project.description) == ("Renamed", "Why.")


def test_an_archived_project_is_out_of_sight_and_whole(project: Project, manager: Client) -> None:
    judgment = judge(project)
    answer = manager.post(f"/projects/{project.slug}/settings/archive/")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert manager.post(f"/projects/{project.slug}/settings/archive/").status_code == 404
    assert manager.get(f"/projects/{project.slug}/").status_code == 404
    assert Judgment.objects.filter(pk=judgment.pk).exists()


# ---- a new project


@pytest.mark.parametrize("name", PRESETS)
def test_a_new_project_begins_from_a_preset_as_it_fills_the_form(name: str) -> None:
    owner = client_of(make_person("owner"))
    page = owner.get(f"/projects/new/?preset={name}")
    asked = page.context["asked"]
    shown = [*asked, *asked.attributes.management_form, *(field for row in asked.attributes for field in row)]
    given = ((field.html_name, field.value()) for field in shown)
    said = {field: value for field, value in given if value is not None and value is not False}
    fields = {"name": "From a paper", "slug": name, "judgments_per_comparison": "1"}
    assert owner.post("/projects/new/", {**fields, **said}).status_code == 302
    stored = Project.objects.get(slug=name).instrument
    for field, value in PRESETS[name].instrument.items():
        assert getattr(stored, field) == value, field
    assert page.context["form"]["judgments_per_comparison"].value() == PRESETS[name].judgments_per_comparison


def test_a_new_projects_preview_stores_nothing_and_needs_the_right_to_make_one() -> None:
    owner = client_of(make_person("owner"))
    answer = owner.post("/projects/new/preview/", {"kind": "best"}, headers=HTMX)
    assert answer.context["preview"].shape == "best"
    assert (
        owner.post("/projects/new/preview/", {"kind": "best", "name": "Typed"}).context["form"]["name"].value()
        == "Typed"
    )
    assert client_of(make_person()).post("/projects/new/preview/", {"kind": "best"}).status_code == 403
    assert not Project.objects.exists()

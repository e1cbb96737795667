"""A snapshot leaves as the kind of file that was chosen on its page."""

from collections.abc import Callable
from pathlib import Path

from django.urls import reverse
from playwright.sync_api import Page

from labeling.models import Person, Project
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from preferences.containers import open_rows
from tests.browser.test_accessibility import complaints
from tests.factories import PASSWORD, make_member
from tests.labeling.files import import_rows, pair


def test_a_download_is_of_the_kind_that_was_chosen(
    page: Page, live_server: object, pairs: Project, log_in: Callable[[Page, Person], None], tmp_path: Path
) -> None:
    import_rows(pairs, tmp_path, [pair(number) for number in range(5)])
    snapshot = freeze_snapshot(project=pairs, request=SnapshotRequest()).snapshot
    log_in(page, make_member(pairs, "manager", password=PASSWORD))
    address = reverse("labeling-snapshot", args=[pairs.slug, snapshot.pk])
    page.goto(f"{live_server}{address}")
    assert complaints(page) == ""
    page.get_by_label("Kind of file").select_option("csv.gz")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as trl", exact=True).click()
    assert download.value.suggested_filename.endswith("-trl.csv.gz")
    assert len(list(open_rows(download.value.path()))) == 5

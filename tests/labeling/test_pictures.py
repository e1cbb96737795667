"""Pictures as responses: made anew, known by their pixels, shown to members only."""

import base64
import io
import json
import struct
import zlib

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageDraw, PngImagePlugin

from labeling.models import Comparison, Response
from labeling.pictures import picture_name, picture_of, picture_storage
from labeling.services.assignments import lease_next
from labeling.services.exports import prepare_export
from labeling.services.imports import rehearse_import, rejected_path
from labeling.services.pictures import LONGEST_SIDE_PIXELS, MOST_PIXELS
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from tests.factories import make_member, make_person, make_project
from tests.labeling.files import four, import_rows, write_rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kept(settings, tmp_path):
    """A place for pictures of its own: projects of other tests have had the same ids."""
    place = tmp_path / "kept"
    pictures = {**settings.STORAGES["pictures"], "OPTIONS": {"location": place}}
    settings.STORAGES = {**settings.STORAGES, "pictures": pictures}
    return place


def drawing(colour="red", size=(40, 30), mode="RGB"):
    image = Image.new(mode, size, colour)
    ImageDraw.Draw(image).line((0, 0, size[0] // 2, size[1]), fill="white")
    return image


def encoded(image, format="PNG", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def data_url(data, kind="png"):
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def row(*pictures, prompt="Draw a line."):
    return {"prompt": prompt, "responses": [{"picture": picture} for picture in pictures]}


def two(*, first="red", second="blue"):
    return row(data_url(encoded(drawing(first))), data_url(encoded(drawing(second))))


def rejects(project):
    batch = project.import_batches.get()
    return [json.loads(line) for line in rejected_path(batch).read_text().splitlines()]


def stored_image(response):
    kept = picture_of(response)
    with picture_storage().open(picture_name(response.prompt.project_id, kept.sha256)) as file:
        image = Image.open(io.BytesIO(file.read()))
        image.load()
    return image


def import_one(tmp_path, picture, **options):
    """Import a comparison of `picture` with a plain blue one, and give back the response it became, or the refusal."""
    project = make_project()
    counts = import_rows(project, tmp_path, [row(picture, data_url(encoded(drawing("blue"))))], **options)
    if counts.accepted:
        return next(r for r in Response.objects.filter(prompt__project=project) if stored_image(r).size != (40, 30))
    [reject] = rejects(project)
    assert reject["reason"] in ("bad-picture", "identical-responses", "too-large")
    return reject["message"]


# ---- taking in -------------------------------------------------------------------------------------------------------


def test_a_picture_becomes_a_response_that_names_its_pixels(tmp_path):
    project = make_project()
    rows = [
        {
            "prompt": "Draw a line.",
            "responses": [
                {"picture": data_url(encoded(drawing("red"))), "alt": "a line on red", "policy": "painter"},
                {"picture": data_url(encoded(drawing("blue")))},
            ],
            "judgments": [{"annotator": "mary", "ranking": [[0], [1]]}],
        }
    ]
    assert four(import_rows(project, tmp_path, rows)) == (1, 1, 0, 0)
    red = Response.objects.get(policy_name="painter")
    kept = picture_of(red)
    assert (kept.alt, kept.width, kept.height, len(kept.sha256)) == ("a line on red", 40, 30, 64)
    assert json.loads(red.content).keys() == {"alt", "height", "picture", "width"}
    assert red.kind == "picture"
    assert stored_image(red).convert("RGB").getpixel((39, 0)) == (255, 0, 0)
    judgment = Comparison.objects.get().judgments.get()
    assert judgment.ranking[0] == [red.pk]  # the winner survives that the responses got new names


@pytest.mark.parametrize("format", ["responses", "plumbline", "auto"])
def test_both_formats_bring_pictures_and_the_same_file_twice_changes_nothing(tmp_path, format):
    project = make_project()
    assert four(import_rows(project, tmp_path, [two()], format=format)) == (1, 1, 0, 0)
    assert four(import_rows(project, tmp_path, [two()], format=format)) == (1, 0, 0, 1)
    assert Response.objects.count() == 2


def test_the_same_picture_in_another_file_is_the_same_response(tmp_path):
    project = make_project()
    image = drawing("red")
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", "somebody")
    again = row(
        data_url(encoded(image, "WEBP", lossless=True), "webp"), data_url(encoded(drawing("blue"), pnginfo=told))
    )
    assert four(import_rows(project, tmp_path, [two()])) == (1, 1, 0, 0)
    assert four(import_rows(project, tmp_path, [again])) == (1, 0, 0, 1)


def test_the_same_picture_twice_in_one_comparison_is_refused(tmp_path):
    red = drawing("red")
    sentence = import_rows_refusal(tmp_path, row(data_url(encoded(red)), data_url(encoded(red, compress_level=0))))
    assert sentence == ("identical-responses", "Two responses are the same picture: nobody could prefer one of them.")


def import_rows_refusal(tmp_path, refused, **options):
    project = make_project()
    assert four(import_rows(project, tmp_path, [refused], **options)) == (1, 0, 1, 0)
    [reject] = rejects(project)
    return reject["reason"], reject["message"]


@pytest.mark.parametrize(("format", "kind"), [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "webp")])
def test_png_jpeg_and_webp_are_taken_whatever_they_call_themselves(tmp_path, format, kind):
    response = import_one(tmp_path, data_url(encoded(drawing(size=(64, 48)), format), "gif"))
    assert stored_image(response).format == "WEBP"
    assert stored_image(response).size == (64, 48)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_pictures_of_every_kind_of_pixel_are_taken(tmp_path, mode):
    image = Image.new("L", (64, 48), 200).convert(mode) if mode != "I;16" else Image.new("I;16", (64, 48), 200 * 256)
    response = import_one(tmp_path, data_url(encoded(image, "JPEG" if mode == "CMYK" else "PNG")))
    assert stored_image(response).size == (64, 48)
    if mode not in ("1", "CMYK"):
        assert abs(stored_image(response).convert("L").getpixel((5, 5)) - 200) <= 2


def test_what_a_camera_wrote_beside_the_pixels_is_gone_and_the_picture_stands_upright(tmp_path):
    image = drawing(size=(64, 48))
    exif = Image.Exif()
    exif[0x0112] = 6  # lying on its side
    exif[0x010E] = "taken at home"
    response = import_one(tmp_path, data_url(encoded(image, "JPEG", exif=exif, icc_profile=b"a profile" * 20)))
    kept = stored_image(response)
    assert kept.size == (48, 64)
    assert not kept.getexif()
    assert set(kept.info) <= {"background", "loop", "duration", "timestamp"}


def test_of_an_animation_the_first_frame_is_taken(tmp_path):
    frames = [drawing(colour, size=(64, 48)) for colour in ("green", "yellow")]
    animated = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100, lossless=True)
    kept = stored_image(import_one(tmp_path, data_url(animated, "webp")))
    assert getattr(kept, "n_frames", 1) == 1
    red, green, blue = kept.convert("RGB").getpixel((63, 0))
    assert max(red, blue) < 4
    assert 120 < green < 136


def test_a_large_picture_is_made_to_fit(tmp_path):
    response = import_one(tmp_path, data_url(encoded(Image.new("RGB", (3000, 1500), "green"))))
    assert stored_image(response).size == (LONGEST_SIDE_PIXELS, LONGEST_SIDE_PIXELS // 2)


def bomb(width, height):
    """A PNG of few bytes that claims to be enormous."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.mark.parametrize(
    ("picture", "sentence"),
    [
        (data_url(SVG, "svg+xml"), "A picture is not a PNG, JPEG or WebP file."),
        (data_url(encoded(drawing(), "GIF"), "gif"), "A picture is not a PNG, JPEG or WebP file."),
        (data_url(encoded(drawing(), "BMP")), "A picture is not a PNG, JPEG or WebP file."),
        (data_url(b"<script>alert(1)</script>"), "A picture is not a PNG, JPEG or WebP file."),
        (data_url(encoded(drawing())[:-30]), "A picture is damaged or ends too early."),
        (data_url(encoded(drawing(), "JPEG")[:200], "jpeg"), "A picture is damaged or ends too early."),
        (data_url(encoded(drawing(), "WEBP")[:60], "webp"), "A picture is damaged or ends too early."),
        (data_url(bomb(65_000, 65_000)), f"A picture has more than {MOST_PIXELS // 1_000_000} million pixels."),
        (data_url(bomb(8_000, 8_000)), f"A picture has more than {MOST_PIXELS // 1_000_000} million pixels."),
        ("data:image/png,raw", "A picture's data URL is not in base64."),
        ("data:image/png;base64,@@@", "A picture's data URL is not in base64."),
        ("https://example.org/a.png", "Pictures are not fetched from the network."),
        ("file:///etc/passwd", "Pictures are not fetched from the network."),
        ("a.png", "A picture in an uploaded file is a data URL."),
        ("0" * 64, "The picture 000000000000… is not kept in this project."),
    ],
)
def test_a_picture_that_cannot_be_taken_is_a_rejected_row_with_a_sentence(tmp_path, picture, sentence):
    reason, message = import_rows_refusal(tmp_path, row(picture, data_url(encoded(drawing("blue")))))
    assert reason == "bad-picture"
    assert sentence in message
    assert not Response.objects.exists()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_no_damage_to_a_picture_is_more_than_a_refusal(tmp_path, format):
    whole = encoded(drawing(size=(64, 48)), format)
    rows = []
    for position in range(0, len(whole), max(1, len(whole) // 60)):
        damaged = whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :]
        rows.append(row(data_url(damaged), data_url(encoded(drawing("blue"))), prompt=f"Draw {position}."))
    counts = import_rows(make_project(), tmp_path, rows)
    assert counts.rows == counts.accepted + counts.rejected == len(rows)
    assert set(counts.reasons) <= {"bad-picture"}


def test_a_picture_may_lie_beside_the_file_and_nowhere_else(tmp_path):
    folder = tmp_path / "data"
    (folder / "shots").mkdir(parents=True)
    (folder / "shots" / "one.png").write_bytes(encoded(drawing(size=(64, 48))))
    (tmp_path / "secret.png").write_bytes(encoded(drawing(size=(64, 48))))
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    assert import_one(folder, "shots/one.png", pictures_from=folder).kind == "picture"
    for path in (
        "../secret.png",
        str(tmp_path / "secret.png"),
        "out.png",
        "shots",
        "missing.png",
        "a\0b.png",
        "x" * 5000,
    ):
        refused = row(path, data_url(encoded(drawing("blue"))))
        reason, message = import_rows_refusal(folder, refused, pictures_from=folder, format="plumbline")
        assert reason in ("bad-picture", "bad-text")
        assert "not kept" not in message


def test_the_command_reads_pictures_beside_its_file_and_says_so_before(tmp_path, kept, capsys):
    project = make_project()
    (tmp_path / "one.png").write_bytes(encoded(drawing("red")))
    (tmp_path / "two.jpg").write_bytes(encoded(drawing("blue"), "JPEG"))
    path = write_rows(
        tmp_path / "rows.jsonl", [row("one.png", "two.jpg"), row("one.png", "three.png", prompt="Other.")]
    )
    call_command("import_responses", project.slug, str(path), "--dry-run", "--json")
    rehearsed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (rehearsed["accepted"], rehearsed["rejected"]) == (1, 1)
    assert not list(kept.rglob("*.webp"))
    call_command("import_responses", project.slug, str(path), "--json")
    imported = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (imported["accepted"], imported["reasons"]) == (1, {"bad-picture": 1})
    assert len(list(kept.rglob("*.webp"))) == 2


def test_a_rehearsal_keeps_no_picture(tmp_path, kept):
    project = make_project()
    counts, _ = rehearse_import(project=project, path=write_rows(tmp_path / "rows.jsonl", [two()]))
    assert counts.accepted == 1
    assert not list(kept.rglob("*.webp"))


def test_a_row_of_pictures_may_be_large_and_a_row_of_text_may_not(tmp_path):
    noise = Image.effect_noise((1200, 1200), 90)
    large = row(data_url(encoded(noise)), data_url(encoded(drawing("blue"))))
    assert len(json.dumps(large)) > 1024 * 1024
    assert four(import_rows(make_project(), tmp_path, [large])) == (1, 1, 0, 0)
    long_text = {"prompt": "Say it.", "responses": ["x" * 1024 * 1024, "y"]}
    assert import_rows_refusal(tmp_path, long_text, format="responses")[0] == "too-large"


def test_a_file_that_a_crash_left_unfinished_is_written_again(tmp_path):
    project = make_project()
    import_rows(project, tmp_path, [two()])
    response = Response.objects.first()
    name = picture_name(project.pk, picture_of(response).sha256)
    picture_storage().delete(name)
    picture_storage().save(name, ContentFile(b"RIFF"))
    import_rows(project, tmp_path, [two()])
    assert stored_image(response).size == (40, 30)


# ---- going out -------------------------------------------------------------------------------------------------------


def test_a_snapshot_names_the_pictures_and_an_import_of_its_export_changes_nothing(tmp_path):
    project = make_project()
    import_rows(project, tmp_path, [{**two(), "judgments": [{"annotator": "mary", "ranking": [[0], [1]]}]}])
    snapshot = freeze_snapshot(project=project, request=SnapshotRequest()).snapshot
    export = prepare_export(snapshot=snapshot, format="plumbline")
    [exported] = list(export.rows())
    assert {response["kind"] for response in exported["responses"]} == {"picture"}
    assert {json.loads(response["content"])["width"] for response in exported["responses"]} == {40}
    exported.pop("judgments")
    assert four(import_rows(project, tmp_path, [exported])) == (1, 0, 0, 1)
    assert import_rows_refusal(tmp_path, exported)[1].startswith(
        "The picture "
    )  # another project has not these pictures


@pytest.mark.parametrize("format", ["responses", "trl", "hh-rlhf"])
def test_formats_of_text_leave_pictures_out_and_count_them(tmp_path, format):
    project = make_project()
    import_rows(project, tmp_path, [{**two(), "judgments": [{"annotator": "mary", "ranking": [[0], [1]]}]}])
    snapshot = freeze_snapshot(project=project, request=SnapshotRequest()).snapshot
    export = prepare_export(snapshot=snapshot, format=format)
    assert list(export.rows()) == []
    assert sum(export.report.dropped.values()) == 1
    assert "pictures" in export.format.drops


# ---- on the page -----------------------------------------------------------------------------------------------------


@pytest.fixture
def shown(tmp_path):
    """A project of one comparison of two pictures, and the address of the first."""
    project = make_project()
    red, blue = (data_url(encoded(drawing(colour))) for colour in ("red", "blue"))
    rows = [{"prompt": "Draw.", "responses": [{"picture": red, "alt": 'A <b>"line"</b>'}, {"picture": blue}]}]
    import_rows(project, tmp_path, rows)
    response = next(r for r in Response.objects.all() if picture_of(r).alt)
    return project, reverse("labeling-picture", args=[project.slug, picture_of(response).sha256])


def client_of(person):
    client = Client()
    client.force_login(person)
    return client


def test_a_member_gets_the_picture_as_the_server_wrote_it_and_nothing_that_acts(shown):
    project, url = shown
    response = client_of(make_member(project)).get(url)
    image = Image.open(io.BytesIO(b"".join(response.streaming_content)))
    assert (image.format, image.size) == ("WEBP", (40, 30))
    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"


def test_a_browser_that_has_the_picture_is_told_so(shown):
    project, url = shown
    client = client_of(make_member(project))
    etag = client.get(url)["ETag"]
    again = client.get(url, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)


def test_outsiders_and_members_of_other_projects_do_not_learn_that_it_exists(shown):
    project, url = shown
    other = make_project()
    assert client_of(make_person()).get(url).status_code == 404
    elsewhere = url.replace(project.slug, other.slug)
    assert client_of(make_member(other)).get(elsewhere).status_code == 404
    assert client_of(make_member(other)).get(url).status_code == 404
    assert Client().get(url).status_code == 302


@pytest.mark.parametrize("name", ["0" * 64, "..", "x", "A" * 64, "0" * 63])
def test_a_name_that_is_no_pictures_is_not_found(shown, name):
    project, _url = shown
    assert client_of(make_member(project)).get(f"/projects/{project.slug}/pictures/{name}/").status_code == 404


def test_the_wrong_method_is_refused(shown):
    project, url = shown
    assert client_of(make_member(project)).post(url).status_code == 405


def test_the_workbench_shows_the_picture_with_its_words_and_its_size(shown):
    project, url = shown
    page = client_of(make_member(project)).get(reverse("labeling-workbench", args=[project.slug])).content.decode()
    assert f'<img src="{url}" width="40" height="30"' in page
    assert 'alt="A &lt;b&gt;&quot;line&quot;&lt;/b&gt;"' in page
    assert f'<a class="picture" dir="auto" href="{url}" target="_blank" data-picture' in page
    assert ", not described" in page  # the other one
    assert "&quot;picture&quot;" not in page  # not as JSON


def test_a_manager_sees_the_pictures_of_a_comparison(shown):
    project, url = shown
    address = reverse("labeling-comparison", args=[project.slug, Comparison.objects.get().pk])
    assert f'<img src="{url}"' in client_of(make_member(project, "manager")).get(address).content.decode()


def test_a_picture_that_names_nothing_is_shown_as_it_stands_instead_of_failing(shown):
    project, _url = shown
    Response.objects.update(content='{"picture": "../../etc"}')
    lease_next(project=project, annotator=(person := make_member(project)))
    page = client_of(person).get(reverse("labeling-workbench", args=[project.slug]))
    assert page.status_code == 200
    assert "<img" not in page.content.decode()

"""The documentation keeps up with the code."""

import re

from django.apps import apps

from tests.engines import ROOT

OUR_APPS = ("runs", "labeling", "rewardmodel", "finetuning")


def headings(page):
    return set(re.findall(r"^#{2,4} `?([^`\n]+?)`?$", (ROOT / "docs" / page).read_text(), flags=re.M))


def test_every_setting_has_a_heading_and_every_heading_a_setting():
    sources = [*sorted((ROOT / "config").glob("*.py"))]
    read = set()
    for source in sources:
        read |= set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source.read_text()))
    assert read == headings("settings.md")


def test_every_model_is_in_the_glossary():
    models = {model.__name__ for app in OUR_APPS for model in apps.get_app_config(app).get_models()}
    described = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "glossary.md").read_text(), flags=re.M))
    assert described == models


def test_every_relative_link_in_the_documentation_leads_somewhere():
    broken = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text()):
            if not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []

"""Static files under hashed names."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from config.storage import HashedStaticFilesStorage


@pytest.fixture
def storage(tmp_path: Path) -> HashedStaticFilesStorage:
    """Our scripts, collected into a folder of their own."""
    (tmp_path / "js").mkdir()
    for script in (settings.BASE_DIR / "static" / "js").glob("*.js"):
        (tmp_path / "js" / script.name).write_bytes(script.read_bytes())
    storage = HashedStaticFilesStorage(location=str(tmp_path))
    paths = {f"js/{path.name}": (storage, f"js/{path.name}") for path in (tmp_path / "js").iterdir()}
    for _name, _hashed, processed in storage.post_process(paths):
        assert processed is True or processed is False
    return storage


def test_modules_import_each_other_by_hashed_names(storage: HashedStaticFilesStorage) -> None:
    written = (settings.BASE_DIR / "static" / "js" / "workbench.js").read_text()
    text = storage.open(storage.stored_name("js/workbench.js")).read().decode()
    imports = re.findall(r'from "\./(.+?)"', text)
    assert len(imports) == len(re.findall(r"^import .+ from ", written, re.MULTILINE)) > 10
    assert all(re.fullmatch(r"\w+\.[0-9a-f]{12}\.js", name) for name in imports)
    assert all(storage.exists(f"js/{name}") for name in imports)


def test_the_workbench_preloads_every_module_it_imports() -> None:
    script = (settings.BASE_DIR / "static" / "js" / "workbench.js").read_text()
    page = (settings.BASE_DIR / "templates" / "labeling" / "workbench.html").read_text()
    for name in re.findall(r'from "\./(.+?)"', script):
        assert f"""rel="modulepreload" href="{{% static 'js/{name}' %}}""" in page

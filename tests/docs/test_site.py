"""The site: complete navigation, a strict build, working links, and nothing loaded from other hosts."""

from __future__ import annotations

import subprocess

import pytest
import yaml

from docs_tools.generated import ROOT
from docs_tools.hook import TOP_FILES
from docs_tools.site_check import check

CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))


def pages_of(entry):
    if isinstance(entry, str):
        return [entry]
    values = entry.values() if isinstance(entry, dict) else entry
    return [page for value in values for page in pages_of(value)]


def test_each_page_exists_and_is_in_the_navigation_once():
    named = pages_of(CONFIG["nav"])
    assert len(named) == len(set(named))
    assert set(named) == {path.name for path in (ROOT / "docs").glob("*.md")}


def test_the_pages_of_files_at_the_top_lead_to_them():
    for page, name in TOP_FILES.items():
        assert f"(../{name})" in (ROOT / "docs" / page).read_text("utf-8")
        assert (ROOT / name).is_file()


def test_the_pinned_versions_of_the_site_name_no_index():
    assert "://" not in (ROOT / "docs" / "constraints.txt").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.network
def test_the_site_builds_strictly_and_is_self_contained(tmp_path):
    subprocess.run(["make", "--silent", ".venv-docs/.installed"], cwd=ROOT, check=True)
    # Not --quiet: it silences the warnings before --strict counts them.
    built = subprocess.run(
        [ROOT / ".venv-docs" / "bin" / "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert check(tmp_path) == []
    index = (tmp_path / "search" / "search_index.json").read_text("utf-8")
    assert "wait-over-timeout" in index

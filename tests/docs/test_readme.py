"""The README shows what the command prints, and its links work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dag_factory.cli.main import main

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text("utf-8")


def test_the_sample_is_printed(configs, monkeypatch, capsys):
    (example,) = re.findall(r"^```yaml configs/money.yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (sample,) = re.findall(r"^```text\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    root = configs({"money.yaml": example.replace("retries: 1", "retrys: 1")})
    monkeypatch.chdir(root.parent)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert main(["validate"]) == 1
    assert capsys.readouterr().out == sample


PAGES = [*sorted(README.parent.glob("*.md")), *sorted((README.parent / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_page_lead_to_files_and_headings(page):
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text("utf-8"))
    for path, heading in links:
        target = page.parent / path if path else page
        assert target.exists(), path
        if heading:
            headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
            assert heading in {anchor(each) for each in headings}


def anchor(heading):
    """Return a heading's anchor, as Git hosts and MkDocs make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")

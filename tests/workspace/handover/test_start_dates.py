"""The start_date in a DAG's file: how it is written, and that nothing else changes."""

from __future__ import annotations

import stat
from datetime import UTC, datetime

import pytest

from dag_factory.config.project import resolve_project
from dag_factory.config.text.dates import moment
from dag_factory.workspace.handover.moves import HandoverError
from dag_factory.workspace.handover.start_dates import DagFile, start_text

A = "1e3b5a72-7bfd-4808-a13c-204505490110"
START = datetime(2026, 9, 28, 16, 11, tzinfo=UTC)
BERLIN = f"# Money.\r\nschedule: '@daily'\r\ntimezone: Europe/Berlin\r\nsyncs: {{a: {A}}}\r\n"


def file_in(root, environment=None):
    resolution = resolve_project(root, environment)
    draft = resolution.drafts[-1]
    path = root / draft.document.file.name.partition("/")[2]
    return DagFile(path=path, name="money.yaml", document=draft.document, zone=draft.zone), draft


@pytest.mark.parametrize(
    ("zone", "start", "text"),
    [
        ("UTC", START, "2026-09-28T16:11"),
        ("UTC", START.replace(second=5), "2026-09-28T16:11:05"),
        ("Europe/Berlin", START, "2026-09-28T18:11"),
        # The clocks show it twice, so it has its offset.
        ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25T02:30+02:00"),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25T02:30+01:00"),
    ],
)
def test_a_moment_as_text(zone, start, text):
    assert start_text(start, zone) == text
    assert moment(text, zone) == start


def test_one_line_is_written_and_the_mode_kept(configs):
    root = configs({"money.yaml": BERLIN})
    (root / "money.yaml").chmod(0o640)
    file, draft = file_in(root)
    assert file.cannot_be_edited(draft) is None
    file.write(START)
    expected = BERLIN.replace("'@daily'\r\n", "'@daily'\r\nstart_date: 2026-09-28T18:11\r\n")
    assert (root / "money.yaml").read_bytes().decode() == expected
    assert stat.S_IMODE((root / "money.yaml").stat().st_mode) == 0o640
    assert [path.name for path in root.iterdir()] == ["money.yaml"]
    assert file_in(root)[1].start == START


def test_a_start_date_of_the_defaults_is_overridden(configs):
    root = configs({"defaults.yaml": "start_date: 2026-01-01\n", "money.yaml": BERLIN})
    file, draft = file_in(root)
    assert file.cannot_be_edited(draft) is None
    file.write(START)
    assert file_in(root)[1].start == START


def test_two_dags_of_one_file(configs):
    both = f"dag_id: one\n{BERLIN}---\ndag_id: two\n{BERLIN}"
    root = configs({"money.yaml": both})
    resolution = resolve_project(root, None)
    for draft in resolution.drafts:
        path = root / "money.yaml"
        DagFile(path=path, name="money.yaml", document=draft.document, zone=draft.zone).write(START)
    assert [draft.start for draft in resolve_project(root, None).drafts] == [START, START]


def test_a_file_that_has_changed_meanwhile_is_left_alone(configs):
    root = configs({"money.yaml": BERLIN})
    file, _ = file_in(root)
    changed = f"dag_id: other\nschedule: null\nsyncs: {{a: {A}}}\n---\n{BERLIN}"
    (root / "money.yaml").write_bytes(changed.encode())
    with pytest.raises(HandoverError, match=r"changed meanwhile.*write 'start_date: 2026-09-28T18:11'"):
        file.write(START)
    assert (root / "money.yaml").read_bytes().decode() == changed


def test_a_file_that_is_gone(configs):
    root = configs({"money.yaml": BERLIN})
    file, draft = file_in(root)
    (root / "money.yaml").unlink()
    assert "cannot be read" in file.cannot_be_edited(draft)
    with pytest.raises(HandoverError, match="yourself"):
        file.write(START)


def test_a_link_stays_a_link(configs):
    root = configs({"shared/money.yaml": BERLIN})
    link = root / "money.yaml"
    link.symlink_to(root / "shared/money.yaml")
    file, _ = file_in(root)
    DagFile(path=link, name="money.yaml", document=file.document, zone="UTC").write(START)
    assert link.is_symlink()
    assert "start_date" in (root / "shared/money.yaml").read_text()

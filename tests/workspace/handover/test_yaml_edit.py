"""One key of a YAML text is set, and all else stays byte for byte."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.config.text.line_breaks import LINE_BREAK
from dag_factory.config.yaml.document import parse_source
from dag_factory.workspace.handover.yaml_edit import YamlEditError, set_key

START = "2026-01-31T05:30"
LINE = f"start_date: {START}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Inserted after the schedule, before what belongs to the next key.
        ("schedule: '@daily'\nsyncs: {a: b}\n", f"schedule: '@daily'\n{LINE}\nsyncs: {{a: b}}\n"),
        (
            "schedule:\n  cron: x\n  # c\n\n# d\nsyncs: 1\n",
            f"schedule:\n  cron: x\n  # c\n{LINE}\n\n# d\nsyncs: 1\n",
        ),
        ("syncs: 1\nschedule: {\n  cron: x\n}\n", f"syncs: 1\nschedule: {{\n  cron: x\n}}\n{LINE}\n"),
        ("a: 1\n# s\nsyncs: 1\n", f"a: 1\n# s\n{LINE}\nsyncs: 1\n"),
        ("a: 1\nb: 2\n", f"a: 1\nb: 2\n{LINE}\n"),
        # Blank lines that belong to a text are not cut off from it.
        ("schedule: |+\n  a\n\n\nsyncs: 1\n", f"schedule: |+\n  a\n\n\n{LINE}\nsyncs: 1\n"),
        ("schedule: |\n  a\n  # b\nsyncs: 1\n", f"schedule: |\n  a\n  # b\n{LINE}\nsyncs: 1\n"),
        # Line ends, a byte order mark, no final line end.
        ("a: 1\r\nsyncs: 1\r\n", f"a: 1\r\n{LINE}\r\nsyncs: 1\r\n"),
        ("\ufeffschedule: x", f"\ufeffschedule: x\n{LINE}"),
        ("a: 1\r\nschedule: x", f"a: 1\r\nschedule: x\r\n{LINE}"),
        # Documents that do not begin at the left margin, or with a marker.
        ("--- &q\n  schedule: 1\n  b: 2\n...\n", f"--- &q\n  schedule: 1\n  {LINE}\n  b: 2\n...\n"),
        ("%YAML 1.2\n---\nschedule: x\n...\n# end\n", f"%YAML 1.2\n---\nschedule: x\n{LINE}\n...\n# end\n"),
        ("? schedule\n: 1\n? b\n: 1\n", f"? schedule\n: 1\n{LINE}\n? b\n: 1\n"),
        ("<<: {start_date: 1}\nsyncs: 1\n", f"<<: {{start_date: 1}}\n{LINE}\nsyncs: 1\n"),
        # Replaced, with the comment kept.
        ("start_date: 2024-01-01   # c\nb: 1\n", f"{LINE}   # c\nb: 1\n"),
        ("start_date:   # c\n", f"{LINE}   # c\n"),
        ("start_date:\nb: 1\n", f"{LINE}\nb: 1\n"),
        ("start_date:\t'x'\t# c\r\n", f"start_date:\t{START}\t# c\r\n"),
        ("\"start_date\" : 'it''s'\n", f'"start_date" : {START}\n'),
        ("start_date: &s x\n", f"start_date: &s {START}\n"),
        ("start_date: null", LINE),
        (f"start_date: '{START}' # as it is\n", f"start_date: '{START}' # as it is\n"),
    ],
)
def test_a_key_is_set(before, after):
    assert set_key(before, 0, "start_date", START) == after


def test_one_document_of_many():
    text = "# first\nschedule: a\n---\nstart_date: x # two\n---\n# three\nschedule:\n  every: 1h\n# end\n"
    assert set_key(text, 1, "start_date", START) == text.replace("start_date: x", LINE)
    assert set_key(text, 2, "start_date", START) == text.replace("1h\n", f"1h\n{LINE}\n")
    assert set_key(text, 0, "start_date", START) == text.replace("a\n---", f"a\n{LINE}\n---")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{schedule: x, syncs: 1}\n", "braces"),
        ("- a\n", "not a mapping"),
        ("", "document"),
        ("start_date: |\n  x\n", "not written on the line of its key"),
        ("start_date:\n  x\n", "not written on the line of its key"),
        ("start_date: {a: 1}\n", "not written on the line of its key"),
        ("? start_date\n: x\n", "not written on the line of its key"),
        ("a: &x 1\nstart_date: *x\n", "is an alias"),
        ("start_date: &d x\nb: *d\n", "without changing other keys"),
        ("a: 1\na: 2\n", "repeated"),
        ("a: !t 1\n", "tag"),
        ("a: [\n", "not valid YAML"),
        ("a: &k b\n*k : c\n", "alias"),
    ],
)
def test_what_cannot_be_edited_is_refused(text, reason):
    with pytest.raises(YamlEditError, match=reason):
        set_key(text, 0, "start_date", START)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (None, "null"),
        (3, "3"),
        ("no", '"no"'),
        ("3", '"3"'),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ("", '""'),
        ("bank → json", '"bank → json"'),
        ('a"\n', '"a\\"\\n"'),
        ("2026-01-31T05:30:01+02:00", "2026-01-31T05:30:01+02:00"),
    ],
)
def test_values_are_written_so_that_they_are_read_back(value, written):
    assert set_key("schedule: x\n", 0, "key", value) == f"schedule: x\nkey: {written}\n"


# Lines of which a document consists; each may be followed by a comment.
PARTS = (
    "schedule: '@daily'",
    'schedule:\n  cron: "0 3 * * *"\n  timezone: Europe/Berlin',
    "schedule: >-\n  0 3\n  * * *",
    "schedule: {every: 6h}",
    "start_date: 2024-01-01",
    "'start_date': \"2024-01-01T00:00\"",
    "start_date: &start 2024-01-01",
    "start_date:",
    "owner: &who data",
    "description: *who",
    "tags: [a,\n  b]",
    "doc_md: |\n  # heading\n\n  text # no comment\n",
    "syncs:\n  a: b\n  c:\n    connection_id: d",
    "syncs: {a: b}",
    "? odd\n: value",
    "# a comment: x",
    "",
)
ENDS = st.sampled_from(["", "", "", "  # why", "\t# tab", " "])


@st.composite
def files(draw):
    """Draw a file of documents; many are valid."""
    documents = []
    for _ in range(draw(st.integers(1, 3))):
        parts = draw(st.lists(st.sampled_from(PARTS), min_size=1, max_size=7, unique_by=_key))
        indentation = draw(st.sampled_from(["", "", "", "  "]))
        lines = [line for part in parts for line in f"{part}{draw(ENDS)}".split("\n")]
        documents.append("\n".join(indentation + line if line else line for line in lines))
    text = "\n---\n".join(documents) + draw(st.sampled_from(["\n", "", "\n\n", "\n...\n", "\n# end"]))
    text = draw(st.sampled_from(["", "", "\ufeff", "---\n", "# top\n"])) + text
    return text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))


def _key(part):
    return re.sub(r"\W.*", "", part.lstrip("'? "), flags=re.DOTALL) or part


def values(text):
    return [document.value for document in parse_source(text.encode(), "x.yaml").documents]


@settings(max_examples=150)
@given(text=files(), value=st.sampled_from([START, "no", "a: b # c", True]), data=st.data())
def test_everything_else_stays(text, value, data):
    before = values(text)
    index = data.draw(st.integers(0, max(0, len(before) - 1)))
    try:
        edited = set_key(text, index, "start_date", value)
    except YamlEditError:
        return
    after = values(edited)
    assert after[index] == {**before[index], "start_date": value}
    assert [*after[:index], *after[index + 1 :]] == [*before[:index], *before[index + 1 :]]
    assert set_key(edited, index, "start_date", value) == edited
    assert edited.startswith("\ufeff") == text.startswith("\ufeff")
    check_one_line(lines(text.removeprefix("\ufeff")), lines(edited.removeprefix("\ufeff")))


def check_one_line(old, new):
    """One line is new, or one has changed before its comment; a last line without an end got one."""
    if len(new) == len(old):
        changed = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
        assert len(changed) <= 1
        assert all(b.endswith(re.search(r"[ \t]*(#.*)?[\r\n]*$", a)[0]) for a, b in changed)
        return
    without = [[*new[:at], *new[at + 1 :]] for at in range(len(new))]
    end = new[-2][len(old[-1]) :] if old else ""
    is_at_end = new[:-1] == [*old[:-1], old[-1] + end] and not re.search(r"[\r\n]$", new[-1])
    assert old in without or (is_at_end and end in ("\n", "\r\n", "\r"))


def lines(text):
    starts = [0, *(found.end() for found in LINE_BREAK.finditer(text))]
    found = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    return found if found[-1] else found[:-1]


@settings(max_examples=200)
@given(st.text(alphabet="ab\x07:-#'\"{}[]&*|>?!%\t\r\n ", max_size=40))
def test_any_text_is_edited_or_refused(text):
    try:
        edited = set_key(text, 0, "start_date", START)
    except YamlEditError:
        return
    assert values(edited)[0]["start_date"] == START

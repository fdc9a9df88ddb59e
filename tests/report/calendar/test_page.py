"""The page: whatever names say, it is text. tests/cli/test_calendar.py tests whole pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from dag_factory.report.calendar import page, picture, text, values
from dag_factory.report.calendar.load import Load
from dag_factory.report.calendar.summary import calendar_of
from dag_factory.report.calendar.week import Cell, week_from
from dag_factory.report.json_report import json_text
from tests.report.calendar.pages import Page
from tests.report.dags import made_dag

WEEK = week_from(date(2026, 3, 23), "UTC")
NOW = datetime(2026, 3, 20, tzinfo=UTC)
EVIL = "</title></style><script>x</script><img src=x onerror=alert(1)>&\"'\u202e\x1b[31m\N{SNOWMAN}"


def evil_calendar():
    made = [made_dag(dag_id=f"{EVIL}{number}", cron="0 3 * * *") for number in range(3)]
    plain = made[0].syncs[0]
    syncs = [
        replace(plain, airbyte_conn_id=f"a{number}{EVIL}", pool=f"p{number}{EVIL}", outlets=(EVIL,))
        for number in range(3)
    ]
    dags = [replace(dag, syncs=(sync,)) for dag, sync in zip(made, syncs, strict=True)]
    others = [
        made_dag(dag_id=f"waits{EVIL}", assets=EVIL),
        made_dag(dag_id=f"alone{EVIL}", assets=f"x{EVIL}"),
        made_dag(dag_id=f"every{EVIL}", every=3600),
        made_dag(dag_id=f"manual{EVIL}"),
    ]
    return calendar_of([*dags, *others], WEEK, NOW, environment=EVIL)


def test_no_name_becomes_markup():
    shown = page.render(evil_calendar())
    read = Page(shown)
    assert {"script", "img"}.isdisjoint(read.tags)
    assert read.tags.count("title") == 1 + read.tags.count("svg") + 7 * 24 * read.tags.count("svg")
    texts = "".join(read.texts)
    assert texts.count("<script>x</script><img src=x") > 20
    assert "\N{SNOWMAN}" in texts
    assert not {"\u202e", "\x1b"} & set(texts)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_name_controls_a_terminal(encoding):
    shown = text.render(evil_calendar(), width=80, glyphs=text.glyphs_of(encoding), colour=False)
    assert not {"\u202e", "\x1b"} & set(shown)
    assert not {"\u202e", "\x1b"} & set(json_text(values.as_json(evil_calendar())))


def test_what_looks_like_a_secret_is_hidden():
    secret = "postgres://user:hunter2-and-more@host/db"
    dag = made_dag(dag_id="money", cron="0 3 * * *")
    sync = replace(dag.syncs[0], pool=secret, outlets=("a",))
    waits = made_dag(dag_id="waits", assets=secret)
    both = made_dag(dag_id="both", assets="a")
    calendar = calendar_of([replace(dag, syncs=(sync,)), waits, both], WEEK, NOW)
    for shown in (page.render(calendar), text.render(calendar, width=80, glyphs=text.ASCII, colour=False)):
        assert "hunter2" not in shown
    assert "hunter2" not in json_text(values.as_json(calendar))


def test_long_lists_are_cut_in_the_page():
    calendar = calendar_of([made_dag(dag_id=f"dag_{n:03}", cron="0 3 * * *") for n in range(300)], WEEK, NOW)
    shown = page.render(calendar)
    assert "and 100 more; --format json has all" in shown
    assert shown.count("<td>dag_") == 200


@pytest.mark.parametrize(
    ("most", "scale"),
    [
        (0, ["0"]),
        (1, ["0", "1"]),
        (3, ["0", "1", "2", "3"]),
        (118, ["0", "1 to 23", "24 to 47", "48 to 70", "71 to 94", "95 to 118"]),
    ],
)
def test_the_scale_says_what_the_colours_mean(most, scale):
    counts = {Cell(day=number // 24, hour=number % 24): number for number in range(1, most + 1)}
    drawn = picture.large("total", "title", "summary", WEEK, counts)
    names = [level for level in ("l0", "l1", "l2", "l3", "l4", "l5") if f'class="{level} middle"' in drawn]
    assert len(names) == len(scale)
    assert [each for each in scale if f">{each}</text>" not in drawn] == []
    for cell, count in counts.items():
        shade = picture.level(cell, WEEK, counts, most)
        low, *_, high = scale[names.index(shade)].split(" to ") * 2
        assert int(low) <= count <= int(high)


def test_a_bar_is_as_long_as_its_number_and_never_nothing():
    drawn = [text.bar(count, 100, 4, text.BLOCKS) for count in (0, 1, 25, 50, 90, 100)]
    assert drawn == ["", "▏", "█", "██", "███▋", "████"]
    assert [text.bar(count, 100, 4, text.ASCII) for count in (0, 1, 25, 100)] == ["", "#", "#", "####"]


def test_hours_of_the_day_are_summed_over_the_week():
    load = Load(
        name="x", starts={Cell(day=0, hour=0): 4, Cell(day=1, hour=0): 4, Cell(day=3, hour=23): 1}, later=0
    )
    assert text.hours_of_day(load, text.BLOCKS) == "█" + "·" * 22 + "▁"
    assert text.hours_of_day(load, text.ASCII) == "9" + "." * 22 + "2"

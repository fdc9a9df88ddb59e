"""DAGs that follow others, and DAGs of which nothing is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dag_factory.config.model.dag import AssetGroup, TriggeredDag
from dag_factory.report.calendar.following import REASONS, followers, unknown
from tests.report.dags import made_dag


def making(dag_id, *assets, **fields):
    dag = made_dag(dag_id=dag_id, **fields)
    return replace(dag, syncs=(replace(dag.syncs[0], outlets=assets),))


def triggering(dag, *dag_ids):
    common = {"after": (), "conf": None, "wait_for_completion": False, "trigger_rule": "all_success"}
    return replace(dag, trigger_dags=tuple(TriggeredDag(dag_id=dag_id, **common) for dag_id in dag_ids))


def both(*parts):
    return AssetGroup(kind="all", parts=parts)


def either(*parts):
    return AssetGroup(kind="any", parts=parts)


@pytest.mark.parametrize(
    ("assets", "words", "after", "elsewhere"),
    [
        ("a", "after one or two", ("one", "two"), ()),
        ("b", "after two", ("two",), ()),
        (both("a", "b"), "after (one or two) and two", ("one", "two"), ()),
        (either("b", "c"), "after two", ("two",), ()),  # one DAG updates both
        (both("b", "x"), "after two and an update of 'x' from elsewhere", ("two",), ("x",)),
        (
            either(both("b", "y"), "x"),
            "after (two and an update of 'y' from elsewhere) or an update of 'x' from elsewhere",
            ("two",),
            ("y", "x"),
        ),
    ],
)
def test_a_condition_names_the_dags_that_update_its_assets(assets, words, after, elsewhere):
    dags = [making("one", "a"), making("two", "a", "b", "c"), making("waits", assets=assets)]
    (found,) = followers(dags, frozenset({"one"}))
    assert (found.dag_id, found.condition, found.after, found.elsewhere, found.is_timed) == (
        "waits",
        words,
        after,
        elsewhere,
        False,
    )


def test_a_triggered_dag_follows_too_and_may_have_times():
    dags = [triggering(made_dag(dag_id="one"), "two", "far"), making("two", assets="a"), making("three", "a")]
    (found,) = followers(dags, frozenset({"two"}))
    assert (found.condition, found.after, found.is_timed) == (
        "triggered by one, or after three",
        ("one", "three"),
        True,
    )


def test_a_disabled_dag_neither_leads_nor_follows():
    dags = [
        making("one", "a", enabled=False),
        making("two", assets="a"),
        making("off", assets="a", enabled=False),
    ]
    assert followers(dags, frozenset()) == ()
    assert [(each.dag_id, each.reason) for each in unknown(dags, frozenset(), ())] == [
        ("two", "elsewhere"),
        ("off", "disabled"),
        ("one", "disabled"),
    ]


def test_each_reason_is_named_in_its_order():
    dags = [
        made_dag(dag_id="off", enabled=False),
        made_dag(dag_id="ended", cron="0 0 * * *"),
        made_dag(dag_id="slow", every=10**7),
        made_dag(dag_id="waits", assets="a"),
        made_dag(dag_id="once", cron="@once"),
        made_dag(dag_id="always", cron="@continuous"),
        made_dag(dag_id="manual"),
        made_dag(dag_id="timed", cron="0 0 * * *"),
    ]
    found = unknown(dags, frozenset({"timed"}), ())
    assert [(each.dag_id, each.reason) for each in found] == [
        ("manual", "manual"),
        ("always", "continuous"),
        ("once", "once"),
        ("waits", "elsewhere"),
        ("ended", "outside"),
        ("slow", "outside"),
        ("off", "disabled"),
    ]
    assert {each.reason for each in found} == set(REASONS)

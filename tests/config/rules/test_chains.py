"""DAGs that start each other: where the rules are silent, and their cost. Golden cases have the rest."""

from __future__ import annotations

import pytest

from dag_factory.config.project import load_project, validate_project

UUID = "1e3b5a72-7bfd-4808-a13c-2045054"


def dag(name, *, number=1, schedule="null", outlets="[]", triggers="[]", more=""):
    sync = f"{{connection_id: {UUID}{number:05}, outlets: {outlets}}}"
    return f"dag_id: {name}\nschedule: {schedule}\n{more}trigger_dags: {triggers}\nsyncs:\n  s: {sync}\n"


def found(configs, documents):
    """Return a function that writes a hundred documents per file and returns the findings about chains."""
    files = {
        f"f{start:05}.yaml": "---\n".join(documents[start : start + 100])
        for start in range(0, len(documents), 100)
    }
    diagnostics = validate_project(configs(files), "configs", None, lambda _file: True).diagnostics
    return [each for each in diagnostics if each.code in ("dag-loop", "disabled-dag", "asset-loop")]


@pytest.mark.parametrize(
    "documents",
    [
        [dag("a", triggers="[b, c]"), dag("b", triggers="[c]", number=2), dag("c", number=3)],
        [dag("a", triggers="['{{ params.next }}', dbt]"), dag("b", triggers="[a]", number=2)],
        [dag("a", triggers="[a]", more="enabled: false\n")],
        [
            dag("a", triggers="[b]"),
            dag("b", triggers="[a]", number=2, more="enabled: false\n", outlets="[x]"),
        ][1:],
        [
            dag("a", schedule="{assets: [x]}", outlets="[y]"),
            dag("b", schedule="{assets: [y]}", outlets="[x]", number=2, more="enabled: false\n"),
        ],
        [
            dag("a", triggers="[b]", more="enabled: false\n"),
            dag("b", number=2, more="enabled: false\n"),
        ],
        [
            dag("a", outlets="[x, y]"),
            dag("b", schedule="{assets: {any: [x, y]}}", outlets="[z]", number=2),
            dag("c", schedule="{assets: [z, y]}", number=3),
        ],
    ],
)
def test_chains_without_a_cycle_and_disabled_dags_are_not_reported(documents, configs):
    assert found(configs, documents) == []


def test_a_dag_started_only_by_its_own_asset_is_reported_by_another_rule(configs):
    (diagnostic,) = found(configs, [dag("a", schedule="{assets: [x]}", outlets="[x]")])
    assert diagnostic.code == "asset-loop"


def test_deleting_the_reported_steps_leaves_no_cycle(configs):
    """A hundred DAGs that trigger each other: a cycle is reported for each step that has to be deleted."""
    names = [f"d{number:02}" for number in range(30)]
    documents = [
        dag(name, number=number, triggers=f"[{', '.join(names)}]") for number, name in enumerate(names)
    ]
    lines = {(each.file, each.span) for each in found(configs, documents)}
    # Of 30 * 31 / 2, as many as are reported for one file, and one for each DAG that would have none.
    assert 100 < len(lines) < 130


@pytest.mark.slow
def test_a_cycle_of_thousands_is_reported_once_and_abbreviated(configs):
    count = 3000
    documents = [
        dag(f"d{number}", number=number, triggers=f"[d{(number + 1) % count}]") for number in range(count)
    ]
    (diagnostic,) = found(configs, documents)
    assert "d0 -> d1 (trigger_dags) -> d2 (trigger_dags)" in diagnostic.message
    assert diagnostic.message.count(" -> ...") == 1
    assert diagnostic.message.endswith("-> d2999 (trigger_dags) -> d0 (trigger_dags)")


@pytest.mark.slow
def test_an_asset_with_many_producers_and_consumers_takes_one_step_for_each(configs):
    makers = [dag(f"m{number}", number=number, outlets="[x]") for number in range(1500)]
    waiters = [
        dag(
            f"w{number}",
            number=2000 + number,
            schedule="{assets: [x]}",
            triggers="[m0]" if number == 7 else "[]",
        )
        for number in range(1500)
    ]
    (diagnostic,) = found(configs, [*makers, *waiters])
    assert diagnostic.message.endswith("m0 -> w7 (asset x) -> m0 (trigger_dags)")


def test_one_dag_of_a_cycle_is_held_back_and_the_others_are_created(configs):
    files = {
        "a.yaml": dag("a", triggers="[b]"),
        "b.yaml": dag("b", triggers="[a]", number=2),
        "c.yaml": dag("c", triggers="[a]", number=3),
    }
    project = load_project(configs(files), None)
    assert [each.dag_id for each in project.dags] == ["a", "c"]
    assert [each.code for each in project.diagnostics] == ["dag-loop"]

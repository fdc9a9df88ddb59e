"""`dag-factory plan` against what a real DAG processor and scheduler do with the same two revisions.

One folder has all changes, and one Airflow reads three revisions of it one after the other: the history,
which gives each DAG its last run, then the two that the plan compares. The scheduler makes all runs itself.
No task is started: the pool has no slots, and the test marks tasks as successful, so that the next run comes,
or as running.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from dag_factory.sandbox.airbyte import AirbyteAccess
from dag_factory.sandbox.airflow.home import migration
from dag_factory.sandbox.processes.child import check_alive, run_to_end, stop_all
from tests.airflow_processes.airflow import START_SECONDS, Airflow
from tests.airflow_processes.plan_changes import ENVIRONMENT, Change, changes
from tests.airflow_processes.plan_comparison import Facts, agree, said
from tests.airflow_processes.postgres import postgres
from tests.airflow_processes.scenes import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

PAGE = Path(__file__).parents[2] / "docs" / "plan.md"
# The table is the end of the page.
HEADER = "| the change | `plan` says | Airflow does |\n"
MARKER = "marker_of_the_revision"
SETTINGS = {
    "DAG_FACTORY_ENV": ENVIRONMENT,
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
    # No waiting: these delays change when something happens, and not what.
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_FETCH_INTERVAL": "0",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
    "AIRFLOW__SCHEDULER__PARSING_CLEANUP_INTERVAL": "1",
    "AIRFLOW__SCHEDULER__MAX_DAGRUNS_TO_CREATE_PER_LOOP": "200",
    "AIRFLOW__SCHEDULER__MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE": "200",
    "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "3",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "1",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
    # What the test marks as running has no process.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "3600",
}


def part_of(_item):
    """It takes two minutes: CI tries another part, the weekly run all of them."""
    return 1


class Tables:
    """Airflow's tables, read and changed over one connection."""

    def __init__(self, address: str) -> None:
        self._connection = psycopg2.connect(address.replace("+psycopg2", ""))
        self._connection.autocommit = True

    def close(self) -> None:
        self._connection.close()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(query, values)
            return [] if cursor.description is None else cursor.fetchall()

    def values(self, query: str, *values: object) -> list[Any]:
        return [row[0] for row in self.rows(query, *values)]


class Two(Airflow):
    """Only the DAG processor and the scheduler; without tasks nobody needs the API."""

    names = ("dag-processor", "scheduler")

    @contextmanager
    def scheduling(self, address: str) -> Iterator[Tables]:
        """Make the database, close the pool, and start both; stop them when the block ends."""
        self.home.folder.mkdir(parents=True)
        run_to_end(migration(self.home, self._environment), timeout_seconds=START_SECONDS)
        tables = Tables(address)
        try:
            tables.rows("UPDATE slot_pool SET slots = 0")
            for name in self.names:
                self.start(name)
            yield tables
        finally:
            tables.close()
            stop_all(list(self._components.values()))

    def check(self) -> None:
        check_alive(self._components.values())


@dataclass
class Stage:
    """The folder that Airflow reads, and what becomes of it."""

    folder: Path
    airflow: Two
    tables: Tables

    def switch(self, revision: str) -> None:
        """Give Airflow another revision, at one moment, and wait until it has seen it and made its runs."""
        link = self.folder / "next"
        link.symlink_to(self.folder / revision)
        link.replace(self.folder / "repository" / "configs")
        self._wait(lambda: self._is_read(revision), f"Airflow reads the revision '{revision}'")
        [read] = self.tables.values("SELECT last_parsed_time FROM dag WHERE dag_id = %s", MARKER)
        self._wait(
            lambda: (
                not self.tables.values(
                    "SELECT dag_id FROM dag WHERE NOT is_stale AND last_parsed_time < %s", read
                )
            ),
            "DAGs that are gone are stale",
        )
        self.make_runs()

    def unpause(self) -> None:
        self.tables.rows("UPDATE dag SET is_paused = false WHERE NOT is_stale")
        self.make_runs()

    def begin(self, dag_ids: list[str]) -> frozenset[str]:
        """Make the last runs of some DAGs, and their tasks, running again, and return those that have one."""
        self.tables.rows(
            "UPDATE task_instance SET state = 'running', start_date = now() WHERE dag_id = ANY(%s)", dag_ids
        )
        query = (
            "UPDATE dag_run SET state = 'running', end_date = NULL WHERE dag_id = ANY(%s) RETURNING dag_id"
        )
        return frozenset(self.tables.values(query, dag_ids))

    def make_runs(self) -> None:
        """Wait until the scheduler has made all runs that are due and ended them, except those under way."""
        self._wait(self._is_done, "the scheduler has made all runs that are due", lambda: str(self._due()))

    def wait_for_end(self, dag_ids: Iterable[str]) -> None:
        """Let the tasks under way end, and wait until the scheduler has seen it of the DAGs that it has."""
        self.tables.rows("UPDATE task_instance SET state = 'success' WHERE state = 'running'")
        query = """
            SELECT r.id FROM dag_run r JOIN dag d USING (dag_id) WHERE NOT d.is_stale AND r.state = 'running'
            AND dag_id = ANY(%s)"""

        def have_ended() -> bool:
            self._end_tasks()
            return not self.tables.values(query, list(dag_ids))

        self._wait(have_ended, "runs under way end", lambda: str(self.tables.values(query, list(dag_ids))))
        self.make_runs()

    def wait_for_decisions(self) -> None:
        """Wait until the scheduler has looked at all runs under way, and at all assets, since now."""
        [now] = self.tables.values("SELECT now()")
        runs = """
            SELECT r.id FROM dag_run r JOIN dag d USING (dag_id) WHERE r.state = 'running'
            AND NOT d.is_stale AND NOT d.is_paused AND r.last_scheduling_decision < %s"""
        assets = """
            SELECT a.id FROM asset a JOIN asset_active USING (name, uri)
            WHERE NOT EXISTS (SELECT 1 FROM dag_schedule_asset_reference r WHERE r.asset_id = a.id)
            AND NOT EXISTS (SELECT 1 FROM task_outlet_asset_reference r WHERE r.asset_id = a.id)"""
        self._wait(
            lambda: not self.tables.values(runs, now) and not self.tables.values(assets),
            "the scheduler has looked at runs and assets",
        )

    def _is_read(self, revision: str) -> bool:
        return self.tables.values("SELECT description FROM dag WHERE dag_id = %s", MARKER) == [revision]

    def _is_done(self) -> bool:
        self._end_tasks()
        return not self._due()

    def _end_tasks(self) -> None:
        # The run first, as the scheduler does it, which otherwise waits for the test as that for it.
        self.tables.rows("""
            WITH r AS (
                SELECT r.dag_id, r.run_id FROM dag_run r JOIN dag d USING (dag_id) WHERE r.state = 'running'
                AND d.timetable_summary <> '@continuous' FOR UPDATE OF r SKIP LOCKED
            )
            UPDATE task_instance t SET state = 'success' FROM r
            WHERE (r.dag_id, r.run_id) = (t.dag_id, t.run_id)
            AND (t.state IS NULL OR t.state = 'scheduled')""")

    def _due(self) -> list[tuple[Any, ...]]:
        """Return the runs that the scheduler has to make, to start or to end."""
        return self.tables.rows("""
            SELECT dag_id, next_dagrun_create_after::text FROM dag WHERE NOT is_paused AND NOT is_stale
            AND next_dagrun_create_after <= now() AND timetable_summary <> '@continuous' AND NOT (
                exceeds_max_non_backfill
                AND EXISTS (SELECT 1 FROM task_instance t WHERE t.dag_id = dag.dag_id AND t.state = 'running')
            )
            UNION ALL SELECT r.dag_id, r.run_id FROM dag_run r JOIN dag USING (dag_id)
            WHERE r.state IN ('queued', 'running') AND NOT is_paused AND NOT is_stale
            AND timetable_summary <> '@continuous' AND NOT EXISTS (
                SELECT 1 FROM task_instance t
                WHERE (t.dag_id, t.run_id, t.state) = (r.dag_id, r.run_id, 'running')
            )""")

    def _wait(
        self, condition: Callable[[], bool], what: str, describe: Callable[[], str] = lambda: ""
    ) -> None:
        def is_met() -> bool:
            self.airflow.check()
            return condition()

        wait_for(is_met, what, describe)


def test_the_plan_says_what_airflow_does(tmp_path, request, report):
    made = changes(datetime.now(UTC))
    ids = [dag_id for change in made for dag_id in change.dag_ids]
    assert len(ids) == len(set(ids))
    for revision in ("history", "before", "after"):
        write(tmp_path / revision, revision, made)
    (tmp_path / "repository").mkdir()
    dags = tmp_path / "repository" / "dags"
    shutil.copytree(request.config.rootpath / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "repository" / "configs").symlink_to(tmp_path / "history")
    with postgres() as database:
        access = AirbyteAccess(url="http://127.0.0.1:1", client_id="x", client_secret="x")
        airflow = Two(tmp_path, dags, database, access, **SETTINGS)
        with airflow.scheduling(database) as tables:
            stage = Stage(tmp_path, airflow, tables)
            stage.switch("history")
            stage.unpause()
            stage.switch("before")
            running = stage.begin([dag_id for each in made if each.is_running for dag_id in each.dag_ids])
            before = seen(tables)
            plan = plan_of(tmp_path / "git", tmp_path / "before", tmp_path / "after")
            stage.switch("after")
            stage.wait_for_decisions()
            after = seen(tables)
            stage.unpause()
            removed = tables.rows("SELECT dag_id, task_id FROM task_instance WHERE state = 'removed'")
            stage.wait_for_end(running)
            last = seen(tables)
    expected = said(plan, running)
    happened = {dag_id: facts_of(dag_id, before, after, last, removed) for dag_id in ids}
    lines = [line(change, expected, happened) for change in made]
    table = "\n".join(("| the change | `plan` says | Airflow does |", "|---|---|---|", *lines)) + "\n"
    for each in table.splitlines():
        report(each)
    wrong = [
        f"{dag_id}: said {expected.get(dag_id, Facts())!r}, happened {happened[dag_id]!r}"
        for dag_id in ids
        if not agree(expected.get(dag_id, Facts()), happened[dag_id], is_known=dag_id in before.next)
    ]
    if os.environ.get("UPDATE_TABLE"):
        before, _, _ = PAGE.read_text("utf-8").partition(HEADER)
        PAGE.write_text(f"{before}{table}", "utf-8")
    assert not wrong, "\n".join(wrong)
    assert table.startswith(HEADER)
    assert PAGE.read_text("utf-8").endswith(f"\n{table}")


def write(folder: Path, revision: str, made: Iterable[Change]) -> None:
    """Write all files of a revision, and a DAG that says which one it is."""
    folder.mkdir(parents=True)
    (folder / "defaults.yaml").write_text(f"environments: {{{ENVIRONMENT}: {{}}, dev: {{}}}}\n")
    (folder / f"{MARKER}.yaml").write_text(
        f"schedule: null\ndescription: {revision}\nsyncs: {{x: {'0' * 8}-0000-4000-8000-{'0' * 12}}}\n"
    )
    for change in made:
        for name, text in change.files(revision):
            (folder / name).write_text(text)


def plan_of(folder: Path, before: Path, after: Path) -> Mapping[str, Any]:
    """Make a repository whose newest commit has one revision and whose folder has another, and plan it."""

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(("git", *identity, *arguments), check=True, cwd=folder, capture_output=True)

    (folder / "configs").mkdir(parents=True)
    git("init", "--quiet")
    for revision in (before, after):
        for file in (folder / "configs").iterdir():
            file.unlink()
        for file in revision.iterdir():
            (folder / "configs" / file.name).write_bytes(file.read_bytes())
        if revision == before:
            git("add", "--all")
            git("commit", "--quiet", "--message", "before")
    command = (sys.executable, "-m", "dag_factory", "plan", "--against", "HEAD", "--env", ENVIRONMENT)
    options = ("--format", "json", "--at", datetime.now(UTC).isoformat())
    done = subprocess.run((*command, *options), check=True, cwd=folder, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What Airflow's tables hold at a moment, by DAG."""

    stale: frozenset[str]
    paused: frozenset[str]
    continuous: frozenset[str]
    next: Mapping[str, datetime | None]
    runs: Mapping[str, list[datetime]]
    running: frozenset[str]
    tasks: Mapping[str, list[Mapping[str, Any]]]
    outlets: Mapping[str, frozenset[str]]
    inactive: frozenset[str]
    conditions: Mapping[str, Any]


def seen(tables: Tables) -> Seen:
    """Read all of it."""
    dags = tables.rows("""
        SELECT dag_id, is_stale, next_dagrun_create_after, asset_expression, timetable_summary, is_paused
        FROM dag""")
    runs: dict[str, list[datetime]] = {}
    for dag_id, at in tables.rows(
        "SELECT dag_id, run_after FROM dag_run WHERE run_type = 'scheduled' ORDER BY id"
    ):
        runs.setdefault(dag_id, []).append(at)
    tasks = {
        dag_id: [each["__var"] for each in data["dag"]["tasks"]]
        for dag_id, data in tables.rows(
            "SELECT DISTINCT ON (dag_id) dag_id, data FROM serialized_dag ORDER BY dag_id, created_at DESC"
        )
    }
    outlets: dict[str, frozenset[str]] = {}
    for dag_id, name, uri in tables.rows("""
        SELECT DISTINCT dag_id, name, uri
        FROM task_outlet_asset_reference r JOIN asset a ON a.id = r.asset_id"""):
        outlets[dag_id] = outlets.get(dag_id, frozenset()) | {name or uri}
    return Seen(
        stale=frozenset(row[0] for row in dags if row[1]),
        paused=frozenset(row[0] for row in dags if row[5] and not row[1]),
        continuous=frozenset(row[0] for row in dags if row[4] == "@continuous"),
        next={row[0]: row[2] for row in dags},
        runs=runs,
        running=frozenset(tables.values("SELECT dag_id FROM dag_run WHERE state = 'running'")),
        tasks=tasks,
        outlets=outlets,
        inactive=frozenset(
            tables.values(
                "SELECT name FROM asset WHERE (name, uri) NOT IN (SELECT name, uri FROM asset_active)"
            )
        ),
        conditions={row[0]: row[3] for row in dags if row[3] is not None},
    )


def facts_of(dag_id: str, before: Seen, after: Seen, last: Seen, removed: Iterable[tuple[str, str]]) -> Facts:
    """Tell what has happened to a DAG."""
    is_gone = dag_id in last.stale
    had, has = ({task["task_id"] for task in each.tasks.get(dag_id, ())} for each in (before, last))
    is_new = dag_id not in before.next or dag_id in before.stale
    counts = Counter(last.runs.get(dag_id, ())) - Counter(before.runs.get(dag_id, ()))
    runs = sorted(counts.elements())
    # The scheduler has passed by its next run, which is due, many times.
    is_skipped = dag_id in last.continuous and not runs and dag_id not in last.running
    return Facts(
        runs=len(runs),
        first=runs[0] if runs else None,
        next=None if is_skipped else last.next.get(dag_id),
        is_gone=is_gone and dag_id not in before.stale,
        is_paused=dag_id in after.paused,
        hangs=is_gone and dag_id in last.running,
        tasks_gone=frozenset() if is_gone or is_new else frozenset(had - has),
        tasks_new=frozenset() if is_gone or is_new else frozenset(has - had),
        removed=frozenset(task_id for each, task_id in removed if each == dag_id),
        lost=frozenset() if is_gone else before.outlets.get(dag_id, frozenset()) & last.inactive,
        is_unreached=is_unreached(dag_id, before, last),
        triggers_nothing=not is_gone
        and any(trigger_of(task) in last.stale for task in last.tasks.get(dag_id, ())),
    )


def trigger_of(task: Mapping[str, Any]) -> str | None:
    """Return the DAG that a task triggers."""
    return task["task_id"].removeprefix("trigger_") if task["task_id"].startswith("trigger_") else None


def triggered(seen_: Seen, dag_id: str) -> bool:
    """Whether a task of a DAG that is not gone triggers a DAG."""
    tasks = (task for each, every in seen_.tasks.items() if each not in seen_.stale for task in every)
    return any(trigger_of(task) == dag_id for task in tasks)


def is_unreached(dag_id: str, before: Seen, last: Seen) -> bool:
    """Whether a DAG has no times, and DAGs have updated the assets that it waits for, or have triggered it,
    and none does any more.
    """
    condition = last.conditions.get(dag_id)
    if dag_id in last.stale or last.next.get(dag_id) is not None:
        return False
    if condition is None:
        return triggered(before, dag_id) and not triggered(last, dag_id)
    was, is_ = (
        {name for each, names in seen_.outlets.items() if each not in seen_.stale for name in names}
        for seen_ in (before, last)
    )

    def can_come(part: Mapping[str, Any]) -> bool:
        if "asset" in part:
            return part["asset"]["name"] not in was - is_
        [(kind, parts)] = part.items()
        return (all if kind == "all" else any)(can_come(each) for each in parts)

    return not can_come(condition)


def line(change: Change, expected: Mapping[str, Facts], happened: Mapping[str, Facts]) -> str:
    """Write a row: of a change of several DAGs, those to which something happens."""
    cells = []
    for facts in (expected, happened):
        parts = []
        for key in {**change.before, **change.after}:
            each = facts.get(change.dag_id(key), Facts())
            other = expected.get(change.dag_id(key), Facts())
            text = str(replace(each, next="") if other.next == "" else each)
            if text != "no run" or len(change.dag_ids) == 1:
                parts.append(f"`{key}`: {text}" if key else text)
        cells.append("<br>".join(parts) or "no run")
    return f"| {change.title} | {' | '.join(cells)} |"

"""What a triggerer that waits for many jobs costs, right after its restart.

    .venv/bin/python benchmarks/triggers.py [--triggers 1000] [--interval 30] [--limit-files 256]

A real triggerer of Airflow runs on PostgreSQL if its programs are installed, else on SQLite, with a stub of
Airbyte on the loopback. The benchmark inserts deferred tasks into Airflow's tables, starts the triggerer, and
for two minutes counts its calls and resources. Then all jobs end, and it counts the tasks that notice it.

It runs three times: without a limit, with few file descriptors for the process that runs the triggers, and
with few for the whole triggerer, whose main process opens a log file per trigger (Airflow 3.3).
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from airbyte_stub import TOKEN_PATH, AirbyteStub, busiest
from airflow_parts import START_SECONDS, component, connection_id, make_home, migrate, variables, write_dag
from postgres import OBSERVER, is_there, postgres
from processes import REPOSITORY, machine
from sqlalchemy import Engine, create_engine, text
from usage import cpu_seconds, descriptors, resident_mib, sockets_to, tree

from dag_factory.sandbox.airflow.home import AirflowHome
from dag_factory.sandbox.processes.child import (
    Child,
    Command,
    run_to_end,
    running,
    termination_as_exit,
    wait_until,
)

SYNCS_OF_A_DAG = 10
# How often processes are sampled, in seconds.
EVERY = 1.0
# Within how many poll intervals tasks must notice the end of their job.
MAX_INTERVALS = 6
BLOCKED = re.compile(r"async thread was blocked for ([\d.]+) seconds")
# What Airflow and the HTTP client log when a process has no file descriptor left.
NO_DESCRIPTOR = re.compile("Too many open files|connection attempts failed")
OUTCOMES = """
    SELECT
        sum(CASE WHEN state = 'deferred' THEN 1 ELSE 0 END),
        sum(CASE WHEN state = 'scheduled' AND text NOT LIKE '%"error"%' THEN 1 ELSE 0 END)
    FROM (SELECT state, CAST(next_kwargs AS TEXT) AS text FROM task_instance) AS tasks"""
MAX_CALLS = 60
GOALS = {
    "sockets to Airbyte, at most": "<= 32",
    "calls in any one second, at most": f"<= {MAX_CALLS}",
    "CPU of the triggerer, s a minute": "not more than before",
    "tasks that heard of their job's end": "all",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """How many descriptors a triggerer may have: all of its processes, or only the one that runs triggers."""

    files: int | None
    is_for_all: bool

    @property
    def name(self) -> str:
        """The head of its column."""
        if self.files is None:
            return "no limit"
        return (
            f"{self.files} descriptors, {'whole triggerer' if self.is_for_all else 'process of the triggers'}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A triggerer at one time; the runner is the process that runs the triggers, memory is MiB."""

    moment: float
    sockets: int
    descriptors: int
    supervisor_descriptors: int
    resident: float
    supervisor_resident: float
    cpu: float

    @property
    def is_of_both(self) -> bool:
        """Whether both processes were alive."""
        return self.resident > 0 and self.supervisor_resident > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How many tasks still wait, and how many know that their job succeeded."""

    waiting: int
    served: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What all measurements share; times are in seconds."""

    home: AirflowHome
    environment: dict[str, str]
    stub: AirbyteStub
    engine: Engine
    triggers: int
    interval: int
    seconds: float

    @property
    def port(self) -> int:
        """The port of the stub."""
        return int(self.stub.url.split(":")[2].partition("/")[0])


class Triggerer:
    """A running triggerer: its supervisor, its main process and the process that runs the triggers."""

    def __init__(self, child: Child) -> None:
        self.child = child
        wait_until(lambda: len(self._processes()) > 1, [child], timeout_seconds=START_SECONDS)
        self.supervisor, self.runner = self._processes()[:2]

    @property
    def is_alive(self) -> bool:
        """Whether it is running."""
        return self.child.exit_status() is None

    def sample(self, port: int) -> Sample:
        """Take one sample."""
        return Sample(
            moment=time.monotonic(),
            sockets=sockets_to(self.runner, port),
            descriptors=descriptors(self.runner),
            supervisor_descriptors=descriptors(self.supervisor),
            resident=resident_mib(self.runner),
            supervisor_resident=resident_mib(self.supervisor),
            cpu=cpu_seconds([self.supervisor, self.runner]),
        )

    def _processes(self) -> list[psutil.Process]:
        return tree(psutil.Process(self.child.pid))[1:]


def main() -> None:
    """Measure with each limit and print the table."""
    arguments = _arguments()
    print(f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d %H:%M}, {machine()}")
    files = arguments.limit_files
    limits = [
        Limit(files=None, is_for_all=True),
        Limit(files=files, is_for_all=False),
        Limit(files=files, is_for_all=True),
    ]
    if arguments.only_unlimited:
        limits = limits[:1]
    with termination_as_exit(), _setting(arguments) as setting:
        print(f"{setting.engine.name}, answers of Airbyte take {arguments.latency * 1000:.0f} ms")
        print(f"{setting.triggers} triggers that poll every {setting.interval} s\n", flush=True)
        columns = {limit.name: _measure(setting, limit) for limit in limits}
    _print_table(columns)


@contextlib.contextmanager
def _setting(arguments: argparse.Namespace) -> Iterator[Setting]:
    """Start the stub and the database, and let Airflow read the DAGs."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="triggers-")))
        stub = stack.enter_context(AirbyteStub(arguments.latency).started())
        home = make_home(folder)
        for first in range(1, arguments.triggers + 1, SYNCS_OF_A_DAG):
            numbers = range(first, min(first + SYNCS_OF_A_DAG, arguments.triggers + 1))
            syncs = [connection_id(number) for number in numbers]
            waits = {"mode": "sync", "deferrable": True, "wait_seconds": arguments.interval}
            write_dag(home, f"load_{first:05}", syncs, **waits)
        address = observed = f"sqlite:///{home.folder / 'airflow.db'}"
        if is_there():
            server = stack.enter_context(postgres())
            address, observed = server.address, server.address_of(OBSERVER)
        capacity = {"AIRFLOW__TRIGGERER__CAPACITY": str(max(1000, arguments.triggers))}
        environment = variables(home, address, stub.url, **capacity)
        migrate(home, environment)
        _run(home, environment, "-m", "airflow", "dags", "reserialize")
        yield Setting(
            home=home,
            environment=environment,
            stub=stub,
            engine=create_engine(observed),
            triggers=arguments.triggers,
            interval=arguments.interval,
            seconds=arguments.minutes * 60,
        )


def _run(home: AirflowHome, environment: dict[str, str], *arguments: str) -> None:
    log = home.logs / "preparation.log"
    command = Command(name=arguments[0], argv=(sys.executable, *arguments), environment=environment, log=log)
    run_to_end(command, timeout_seconds=START_SECONDS)


def _measure(setting: Setting, limit: Limit) -> dict[str, str]:
    """Defer the tasks, start a triggerer, and return the figures by their names."""
    setting.stub.forget()
    for number in range(1, setting.triggers + 1):
        setting.stub.jobs.begin(connection_id(number))
    script = str(REPOSITORY / "benchmarks" / "deferred_rows.py")
    options = ("--tasks", str(setting.triggers), "--interval", str(setting.interval))
    _run(setting.home, setting.environment, script, *options)
    shutil.rmtree(setting.home.folder / "logs", ignore_errors=True)
    began = time.monotonic()
    with running([_command(setting, limit)]) as (child,):
        triggerer = Triggerer(child)
        if limit.files is not None:
            triggerer.runner.rlimit(psutil.RLIMIT_NOFILE, (limit.files, limit.files))
        samples = _watch(setting, triggerer)
        figures = _figures(setting, [each for each in samples if each.is_of_both], began)
        ended = time.monotonic()
        setting.stub.jobs.end_all()
        outcome, last = _wait_for_outcome(setting, triggerer)
        figures |= _outcome_figures(setting, outcome, last - ended, triggerer)
    return figures


def _command(setting: Setting, limit: Limit) -> Command:
    command = component(setting.home, setting.environment, "triggerer")
    if limit.files is None or not limit.is_for_all:
        return command
    script = f'ulimit -n {limit.files}; exec "$@"'
    return replace(command, argv=("sh", "-c", script, "sh", *command.argv))


def _watch(setting: Setting, triggerer: Triggerer) -> list[Sample]:
    """Sample the triggerer until the time is over, counted from its first call."""
    samples = [triggerer.sample(setting.port)]
    deadline = samples[0].moment + START_SECONDS
    while triggerer.is_alive and samples[-1].moment < deadline:
        time.sleep(EVERY)
        samples.append(triggerer.sample(setting.port))
        if setting.stub.calls:
            deadline = setting.stub.calls[0].moment + setting.seconds
    return samples


def _wait_for_outcome(setting: Setting, triggerer: Triggerer) -> tuple[Outcome, float]:
    """Wait until no task waits any more or the time is over; return the outcome and when it last changed."""
    deadline = time.monotonic() + MAX_INTERVALS * setting.interval
    outcome, changed = _outcome(setting.engine), time.monotonic()
    while triggerer.is_alive and outcome.waiting and time.monotonic() < deadline:
        time.sleep(EVERY)
        now = _outcome(setting.engine)
        if now != outcome:
            outcome, changed = now, time.monotonic()
    return outcome, changed


def _outcome(engine: Engine) -> Outcome:
    with engine.connect() as connection:
        waiting, served = connection.execute(text(OUTCOMES)).one()
    return Outcome(waiting=int(waiting), served=int(served))


def _figures(setting: Setting, samples: Sequence[Sample], began: float) -> dict[str, str]:
    moments = [call.moment for call in setting.stub.calls]
    tokens = sum(call.path == TOKEN_PATH for call in setting.stub.calls)
    spent = (moments[-1] - moments[0]) if moments else 0.0
    last_minute = [sample for sample in samples if sample.moment >= samples[-1].moment - 60]
    recent = last_minute[-1].cpu - last_minute[0].cpu
    recent_seconds = max(last_minute[-1].moment - last_minute[0].moment, EVERY)
    return {
        "sockets to Airbyte, at most": f"{max(sample.sockets for sample in samples)}",
        "the same as Airbyte counts them": f"{setting.stub.sockets.peak}",
        "descriptors of the process of the triggers, at most": f"{max(s.descriptors for s in samples)}",
        "descriptors of its supervisor, at most": f"{max(s.supervisor_descriptors for s in samples)}",
        "calls in any one second, at most": f"{busiest(moments)}",
        f"seconds with more than {MAX_CALLS} calls": f"{_full_seconds(moments)}",
        "the stub itself was late, s, at most": f"{setting.stub.lag:.2f}",
        "calls a second, mean": f"{len(moments) / max(spent, 1.0):.1f}",
        "tokens fetched": f"{tokens}",
        "CPU of the triggerer, s a minute": f"{samples[-1].cpu / (samples[-1].moment - began) * 60:.1f}",
        "the same in the last minute": f"{recent / recent_seconds * 60:.1f}",
        "resident memory, process of the triggers, MiB": f"{max(s.resident for s in samples):.0f}",
        "resident memory, its supervisor, MiB": f"{max(s.supervisor_resident for s in samples):.0f}",
    }


def _full_seconds(moments: Sequence[float]) -> int:
    """Count the wall-clock seconds with more than `MAX_CALLS` calls."""
    return sum(calls > MAX_CALLS for calls in Counter(map(int, moments)).values())


def _outcome_figures(
    setting: Setting, outcome: Outcome, seconds: float, triggerer: Triggerer
) -> dict[str, str]:
    log = triggerer.child.command.log.read_text("utf-8", errors="replace")
    blocked = [float(each) for each in BLOCKED.findall(log)]
    warnings = f"{len(blocked)}" + (f", longest {max(blocked):.1f} s" if blocked else "")
    status = triggerer.child.exit_status()
    return {
        "warnings of a blocked event loop": warnings,
        "tasks that heard of their job's end": f"{outcome.served} of {setting.triggers}",
        "the last after, s": f"{seconds:.0f}" if outcome.served else "-",
        "tasks failed": f"{setting.triggers - outcome.served - outcome.waiting}",
        "lack of descriptors in logs, times": f"{_complaints(log) + _complaints_of_triggers(setting.home)}",
        "the triggerer itself": "runs" if status is None else f"has ended with status {status}",
        "load of the machine": f"{os.getloadavg()[0]:.1f}",
    }


def _complaints(log: str) -> int:
    return len(NO_DESCRIPTOR.findall(log))


def _complaints_of_triggers(home: AirflowHome) -> int:
    logs = (home.folder / "logs").rglob("*.trigger.*.log")
    return sum(_complaints(log.read_text("utf-8", errors="replace")) for log in logs)


def _print_table(columns: dict[str, dict[str, str]]) -> None:
    print(f"| | goal | {' | '.join(columns)} |")
    print("|---|---|" + "---|" * len(columns))
    for name in next(iter(columns.values())):
        cells = " | ".join(figures[name] for figures in columns.values())
        print(f"| {name} | {GOALS.get(name, '')} | {cells} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure a triggerer that waits for many jobs")
    parser.add_argument("--triggers", type=int, default=1000, metavar="N", help="triggers (default: 1000)")
    parser.add_argument("--interval", type=int, default=30, help="seconds between polls (default: 30)")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long to measure (default: 2)")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds of an answer (default: 0.05)")
    parser.add_argument("--only-unlimited", action="store_true", help="measure only without a limit")
    parser.add_argument(
        "--limit-files", type=int, default=256, metavar="N", help="few descriptors (default: 256)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()

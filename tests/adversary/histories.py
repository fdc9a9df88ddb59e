"""Random histories by number: the DAGs, the server's traits, the faults and the acts of people.

A history is a plain value determined by its number, so any history can be reproduced, shown and shrunk.
Random choices during a run come from a separate generator.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from tests.adversary.airbyte_model import Phase, Plan
from tests.adversary.network import KINDS, Fault

CONFIGURATIONS = 240
MODES = (("sync", False), ("sync", True), ("async", False), ("async", True))
# Acts on Airbyte, on the tasks of a DAG, and on triggerers.
AIRBYTE_ACTS = (
    "a person starts a sync",
    "a person cancels the job",
    "a person clears the streams",
    "a person resets",
    "a refresh begins",
    "Airbyte's schedule is due",
    "the connection is disabled for a while",
    "the connection is deleted",
    "the server restarts",
    "the secrets backend is away",
)
TASK_ACTS = ("crash", "evict", "mark failed", "mark success", "clear all", "clear first", "clear last")
TRIGGERER_ACTS = ("triggerer killed", "triggerer stops", "trigger moved", "triggerers away")


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """The configuration of a DAG's sync, and whether its Airflow has a task state store."""

    dag_id: str
    mode: str
    deferrable: bool
    on_running: str
    on_timeout: str
    on_kill: str
    retries: int
    min_rows: int | None
    wait_seconds: int
    timeout: int
    begins: float
    has_store: bool

    def text(self) -> str:
        """Describe the configuration."""
        deferrable = ", deferrable" if self.deferrable else ""
        return (
            f"{self.dag_id}: mode {self.mode}{deferrable}, on_running {self.on_running}, on_timeout "
            f"{self.on_timeout}, on_kill {self.on_kill}, retries {self.retries}, min_rows {self.min_rows}, "
            f"wait_seconds {self.wait_seconds}, timeout {self.timeout}, begins at {self.begins:.0f} s"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """Something done at a time, or right after the n-th effect of a DAG's tasks."""

    kind: str
    dag: int = 0
    time: float | None = None
    effect: int | None = None
    seconds: float = 60.0

    def text(self) -> str:
        """Describe the act."""
        when = (
            f"at {self.time:.1f} s" if self.time is not None else f"at effect {self.effect} of dag{self.dag}"
        )
        return f"{when}: {self.kind} (dag{self.dag}, {self.seconds:.0f} s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """Everything that happens, except for small random choices during the run."""

    number: int
    setups: tuple[Setup, ...]
    plans: tuple[Plan, ...]
    acts: tuple[Act, ...]
    faults: tuple[Fault, ...]
    calm_at: float
    is_airflow_3: bool
    triggers_are_killed: bool
    waits_for_id: bool
    returns_incomplete: bool
    is_strict: bool
    cancels_pending: bool
    refuses_idle_cancel: bool
    unknown_job_status: int
    token_seconds: float
    list_lag: float
    ignores_order: bool
    refuses_order: bool
    server_skew: float
    slow_creation: float
    slow_cancel: float
    loses_children: bool
    clear_plan_seconds: float
    request_timeout: float
    old_jobs: int
    latency: float

    def text(self) -> str:
        """Describe the history, line by line."""
        names = (
            *("is_airflow_3", "triggers_are_killed", "waits_for_id", "returns_incomplete", "is_strict"),
            *("cancels_pending", "refuses_idle_cancel", "unknown_job_status", "token_seconds", "list_lag"),
            *("ignores_order", "refuses_order", "server_skew", "slow_creation", "slow_cancel"),
            *("loses_children", "clear_plan_seconds", "request_timeout", "old_jobs", "latency", "calm_at"),
        )
        kept = f"has_store {self.setups[0].has_store}"
        traits = ", ".join(f"{name} {getattr(self, name)}" for name in names)
        lines = [f"history {self.number}: {traits}, {kept}", *(setup.text() for setup in self.setups)]
        lines += [f"job plan {number}: {_plan_text(plan)}" for number, plan in enumerate(self.plans)]
        lines += [f"fault {fault.text()}" for fault in self.faults]
        lines += [f"act {act.text()}" for act in self.acts]
        return "\n".join(lines)


def history(number: int, seed: int = 0) -> History:
    """Make the history with a number."""
    rng = random.Random(f"{seed}/{number}")
    is_new = rng.random() < 0.5
    has_store = is_new and rng.random() < 0.9
    setups = tuple(_setup(rng, index, has_store) for index in range(1 if rng.random() < 0.6 else 2))
    if rng.random() < 0.03:
        setups = tuple(replace(setup, on_running="fail") for setup in setups)
    horizon = rng.choice((120.0, 900.0, 3600.0))
    calm_at = horizon + 600.0
    return History(
        number=number,
        setups=setups,
        plans=tuple(_plan(rng, horizon) for _ in range(rng.randint(1, 4))),
        acts=_acts(rng, setups, horizon),
        faults=_faults(rng, horizon),
        calm_at=calm_at,
        is_airflow_3=is_new or rng.random() < 0.6,
        triggers_are_killed=is_new,
        waits_for_id=rng.random() < 0.4,
        returns_incomplete=rng.random() < 0.5,
        is_strict=rng.random() < 0.1,
        cancels_pending=rng.random() < 0.3,
        refuses_idle_cancel=rng.random() < 0.2,
        unknown_job_status=rng.choice((409, 409, 403, 404)),
        token_seconds=rng.choice((900.0, 900.0, 180.0, 86_400.0)),
        list_lag=rng.choice((0.0, 0.0, 0.0, 0.5, 3.0, 10.0)),
        ignores_order=rng.random() < 0.03,
        refuses_order=rng.random() < 0.03,
        server_skew=rng.choice((0.0, 0.0, 0.0, -90.0, 90.0, -3600.0, 3600.0)),
        slow_creation=rng.choice((0.5, 0.5, 2.0, 20.0, 100.0)),
        slow_cancel=rng.choice((0.5, 0.5, 5.0, 40.0)),
        loses_children=rng.random() < 0.15,
        clear_plan_seconds=rng.choice((20.0, 300.0, 1500.0)),
        request_timeout=rng.choice((60.0, 60.0, 10.0, 120.0)),
        old_jobs=rng.choice((0, 0, 0, 1, 2, 25)),
        latency=rng.choice((0.3, 0.3, 1.0, 4.0)),
    )


def _setup(rng: random.Random, index: int, has_store: bool) -> Setup:
    """Draw one of a few hundred configurations: making operators takes longer than running a history."""
    configuration = _configuration(rng.randrange(CONFIGURATIONS))
    begins = 0.0 if index == 0 else rng.choice((0.0, rng.random() * 10.0, rng.random() * 200.0))
    return replace(configuration, dag_id=f"dag{index}", begins=begins, has_store=has_store)


@lru_cache(maxsize=CONFIGURATIONS)
def _configuration(number: int) -> Setup:
    rng = random.Random(f"configuration {number}")
    mode, deferrable = MODES[number % len(MODES)]
    timeout = rng.choice((600, 1800, 4000))
    return Setup(
        dag_id="",
        mode=mode,
        deferrable=deferrable,
        on_running=rng.choice(("adopt", "adopt", "fail", "skip")),
        on_timeout=rng.choice(("cancel", "cancel", "leave")),
        on_kill=rng.choice(("cancel", "cancel", "cancel", "leave")),
        retries=rng.choice((0, 1, 1, 2)),
        min_rows=rng.choice((None, None, None, 5)),
        wait_seconds=timeout // rng.choice((2, 4, 8, 15)),
        timeout=timeout,
        begins=0.0,
        has_store=False,
    )


def _plan(rng: random.Random, horizon: float) -> Plan:
    phases = [Phase(status="pending", seconds=rng.choice((0.05, 0.05, 1.0, 8.0, 70.0)))]
    if rng.random() < 0.15:
        phases.append(Phase(status="queued", seconds=rng.choice((5.0, 60.0, 400.0))))
    phases.append(Phase(status="running", seconds=_running(rng, horizon)))
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        phases.append(Phase(status="incomplete", seconds=rng.choice((10.0, 30.0, 90.0, 270.0))))
        phases.append(Phase(status="running", seconds=_running(rng, horizon)))
    if rng.random() < 0.05:
        phases.append(Phase(status="paused", seconds=30.0))
    rows = rng.choice((0, 3, 10, 10, 10, None))
    return Plan(phases=tuple(phases), end=rng.choice(("succeeded",) * 4 + ("failed",)), rows=rows)


def _running(rng: random.Random, horizon: float) -> float:
    if rng.random() < 0.1:
        return 100_000.0  # hangs
    return rng.choice((1.0, 10.0, 60.0, rng.random() * horizon, rng.random() * 1200.0))


def _acts(rng: random.Random, setups: tuple[Setup, ...], horizon: float) -> tuple[Act, ...]:
    acts = []
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4, 6))):
        kinds = rng.choice((AIRBYTE_ACTS, AIRBYTE_ACTS, TASK_ACTS, TASK_ACTS, TASK_ACTS, TRIGGERER_ACTS))
        kind = rng.choice(kinds)
        if kind in ("the connection is deleted", "mark success") and rng.random() < 0.6:
            continue
        dag = rng.randrange(len(setups))
        seconds = rng.choice((2.0, 20.0, 200.0, 4000.0))
        if rng.random() < 0.5:
            acts.append(Act(kind=kind, dag=dag, effect=_effect(rng), seconds=seconds))
        else:
            acts.append(Act(kind=kind, dag=dag, time=_time(rng, horizon), seconds=seconds))
    return tuple(acts)


def _effect(rng: random.Random) -> int:
    """Draw the number of an effect; 5 to 9 surround the first submission."""
    return rng.randint(*rng.choice(((5, 9), (1, 12), (1, 50))))


def _time(rng: random.Random, horizon: float) -> float:
    return rng.expovariate(1 / 10.0) if rng.random() < 0.4 else rng.random() * horizon


def _faults(rng: random.Random, horizon: float) -> tuple[Fault, ...]:
    faults = []
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        routes = rng.choice((("post",), ("post",), ("list",), ("get",), ("delete",), ("token",), _ALL))
        number = rng.choice((1, 1, 2, 5, 10_000))
        fault = Fault(
            kind=rng.choice(KINDS),
            routes=routes,
            begins=_time(rng, horizon) if rng.random() < 0.5 else 0.0,
            seconds=rng.choice((10.0, 60.0, 400.0, horizon)),
            chance=rng.choice((1.0, 1.0, 0.5, 0.2)),
            number=number,
        )
        faults.append(fault)
    return tuple(faults)


_ALL = ("token", "post", "list", "get", "delete", "connection")


def smaller(found: History) -> Iterator[History]:
    """Yield the histories that each lack one element of this one, for shrinking it."""
    yield from _shorter(found)
    if len(found.setups) > 1:
        yield replace(found, setups=found.setups[:1])
    for name, value in _PLAIN.items():
        if getattr(found, name) != value:
            yield replace(found, **{name: value})
    yield from _with_plain_plans(found)
    for index, setup in enumerate(found.setups):
        for plainer in _plainer(setup):
            yield replace(found, setups=(*found.setups[:index], plainer, *found.setups[index + 1 :]))


def _shorter(found: History) -> Iterator[History]:
    for name in ("acts", "faults"):
        kept = getattr(found, name)
        for index in range(len(kept)):
            yield replace(found, **{name: (*kept[:index], *kept[index + 1 :])})


def _with_plain_plans(found: History) -> Iterator[History]:
    for index, plan in enumerate(found.plans):
        plain = replace(plan, phases=_plain_phases(plan.phases))
        if plain != plan:
            yield replace(found, plans=(*found.plans[:index], plain, *found.plans[index + 1 :]))


def _plainer(setup: Setup) -> Iterator[Setup]:
    for name, value in (("retries", 0), ("min_rows", None), ("mode", "sync"), ("deferrable", False)):
        if getattr(setup, name) != value:
            yield replace(setup, **{name: value})


_PLAIN = {
    "waits_for_id": False,
    "returns_incomplete": True,
    "is_strict": False,
    "cancels_pending": False,
    "refuses_idle_cancel": False,
    "unknown_job_status": 409,
    "token_seconds": 900.0,
    "list_lag": 0.0,
    "ignores_order": False,
    "refuses_order": False,
    "server_skew": 0.0,
    "slow_creation": 0.5,
    "slow_cancel": 0.5,
    "loses_children": False,
    "request_timeout": 60.0,
    "old_jobs": 0,
    "latency": 0.3,
}


def _plain_phases(phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    kept = [phase for phase in phases if phase.status in ("pending", "running")]
    return (replace(kept[0], seconds=1.0), replace(kept[1], seconds=round(kept[1].seconds)))


def _plan_text(plan: Plan) -> str:
    phases = ", ".join(f"{phase.status} {phase.seconds:.0f} s" for phase in plan.phases)
    return f"{phases}, {plan.end}, rows {plan.rows}"

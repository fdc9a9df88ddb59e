"""The tables of `waiting`: the cost of each case beyond that of an idle Airflow, scaled to one hour."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from windows import ROLES, Spread, Window

HOUR = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A mode, and how many syncs wait in it."""

    mode: str
    syncs: int

    def __str__(self) -> str:
        return f"{self.mode}: {self.syncs}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The window of a case; how many tasks waited when it began, how many seconds after the end of their jobs
    the last run had ended, and how many tasks had failed by then."""

    case: Case
    window: Window
    waiting: int
    end_seconds: float
    failed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Hour:
    """The part of a window that grows with time, scaled to one hour."""

    cpu: Mapping[str, float]
    queries: float
    processes: float
    calls: float


def print_tables(measured: Sequence[Measured], before: Window, after: Window) -> None:
    """Print the costs and then the observations; `before` and `after` are windows without runs."""
    idle = _combined(_scaled(before), _scaled(after), lambda one, other: (one + other) / 2)
    noise = _combined(_scaled(before), _scaled(after), lambda one, other: abs(one - other))
    _print_costs(measured, idle, noise)
    print()
    _print_sights(measured, before)


def _print_costs(measured: Sequence[Measured], idle: Hour, noise: Hour) -> None:
    roles = " | ".join(f"{role}, CPU s" for role in ROLES)
    print(f"| an hour of waiting, scaled | syncs | {roles} | all, CPU s | processes | queries | calls |")
    print("|---|---|" + "---|" * (len(ROLES) + 4))
    for each in measured:
        _print_hour(each.case.mode, f"{each.case.syncs}", _combined(_scaled(each.window), idle, operator.sub))
    _print_hour("Airflow without runs (subtracted above)", "0", idle)
    _print_hour("noise: two such windows differ by", "0", noise)


def _print_hour(name: str, syncs: str, hour: Hour) -> None:
    cpu = " | ".join(f"{hour.cpu[role]:.0f}" for role in ROLES)
    counts = f"{hour.processes:.0f} | {hour.queries:.0f} | {hour.calls:.0f}"
    print(f"| {name} | {syncs} | {cpu} | {sum(hour.cpu.values()):.0f} | {counts} |")


def _print_sights(measured: Sequence[Measured], idle: Window) -> None:
    print(
        "| seen in the window | syncs | that waited | slots held, mean (most) | s between polls, mean (most) "
        "| s too late, mean (most) | memory, MiB | cores busy: this Airflow | others | load "
        "| s until all had ended | failed |"
    )
    print("|---|" + "---|" * 11)
    for each in measured:
        window = each.window
        cells = (
            each.case.mode,
            f"{each.case.syncs}",
            f"{each.waiting}",
            f"{window.slots:.1f} ({window.most_slots})",
            _spread(window.intervals),
            _spread(window.delays),
            f"{sum(window.memory.values()) - sum(idle.memory.values()):+.0f}",
            f"{sum(window.cpu.values()) / window.seconds:.2f}",
            f"{window.others / window.seconds:.2f}",
            f"{window.load:.1f}",
            f"{each.end_seconds:.0f}",
            f"{each.failed}",
        )
        print(f"| {' | '.join(cells)} |")


def _spread(seconds: Spread | None) -> str:
    return "-" if seconds is None else f"{seconds.mean:.1f} ({seconds.most:.1f})"


def _scaled(window: Window) -> Hour:
    factor = HOUR / window.seconds
    return Hour(
        cpu={role: window.cpu[role] * factor for role in ROLES},
        queries=window.queries * factor,
        processes=window.processes * factor,
        calls=window.calls * factor,
    )


def _combined(one: Hour, other: Hour, how: Callable[[float, float], float]) -> Hour:
    return Hour(
        cpu={role: how(one.cpu[role], other.cpu[role]) for role in ROLES},
        queries=how(one.queries, other.queries),
        processes=how(one.processes, other.processes),
        calls=how(one.calls, other.calls),
    )

"""Child processes in sessions of their own, with their output in log files, that never outlive us.

Each child runs under a supervisor (see `supervisor`), which ends it with all its descendants when the pipe to
us closes: because we stop the child, because of an exception, or because we die.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

POLL_SECONDS = 0.2
TAIL_LINES = 15
# The time that a supervisor may need after the grace period until all descendants have ended.
_SUPERVISOR_SECONDS = 20.0


class ChildFailedError(Exception):
    """A child ended, or was not ready in time; the message holds the end of its log."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command to run; `grace_seconds` is the time between SIGTERM and SIGKILL."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    grace_seconds: float = 10.0


class Child:
    """A running command; `stop` ends it and all its descendants."""

    def __init__(self, command: Command) -> None:
        """Start the command; its standard output and error go to its log file."""
        self.command = command
        supervisor = (
            sys.executable,
            "-m",
            "dag_factory.sandbox.processes.supervisor",
            str(command.grace_seconds),
        )
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("wb") as log:
            self._supervisor = subprocess.Popen(  # noqa: S603 (the command is our own)
                (*supervisor, *command.argv),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(command.environment),
                start_new_session=True,  # we handle a Ctrl-C on the terminal
            )

    @property
    def pid(self) -> int:
        """The process id of the supervisor; all its descendants belong to the command."""
        return self._supervisor.pid

    def exit_status(self) -> int | None:
        """Return the exit status of the command, or None while it runs."""
        return self._supervisor.poll()

    def ask_to_stop(self) -> None:
        """Ask the child to stop without waiting, so that several can stop in parallel."""
        if self._supervisor.stdin is not None:
            self._supervisor.stdin.close()

    def stop(self) -> int:
        """Stop the child and all its descendants, wait until they have ended, and return its exit status."""
        self.ask_to_stop()
        return self._supervisor.wait(self.command.grace_seconds + _SUPERVISOR_SECONDS)

    def fail(self, what: str) -> NoReturn:
        """Raise `ChildFailedError` with what happened and the last lines of the log."""
        lines = [f"{self.command.name} {what}; the end of {self.command.log}:", *tail(self.command.log)]
        raise ChildFailedError("\n  ".join(lines))


@contextmanager
def running(commands: Iterable[Command]) -> Iterator[list[Child]]:
    """Start the commands; however the block is left, stop all of them in parallel."""
    children: list[Child] = []
    try:
        for command in commands:
            children.append(Child(command))
        yield children
    finally:
        stop_all(children)


def stop_all(children: Sequence[Child]) -> None:
    """Stop the children in parallel; ignore a further Ctrl-C meanwhile."""
    with _ignored_signals():
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stop()


def run_to_end(
    command: Command, *, timeout_seconds: float, tick: Callable[[float], None] = lambda _: None
) -> None:
    """Run a command until it ends; raise `ChildFailedError` unless it succeeds in time."""
    with running([command]) as (child,):
        wait_until(lambda: child.exit_status() is not None, [], timeout_seconds=timeout_seconds, tick=tick)
        if child.exit_status() is None:
            child.fail(f"did not end within {timeout_seconds:.0f} s")
        if child.exit_status() != 0:
            child.fail(f"ended with exit status {child.exit_status()}")


def wait_until(
    ready: Callable[[], bool],
    children: Sequence[Child],
    *,
    timeout_seconds: float,
    tick: Callable[[float], None] = lambda _: None,
) -> bool:
    """Poll until `ready()`; return False after the timeout; raise `ChildFailedError` once a child has ended.

    `tick` is called with the seconds that have passed.
    """
    begin = time.monotonic()
    while not ready():
        check_alive(children)
        passed = time.monotonic() - begin
        if passed > timeout_seconds:
            return False
        tick(passed)
        time.sleep(POLL_SECONDS)
    return True


def check_alive(children: Iterable[Child]) -> None:
    """Raise `ChildFailedError` if one of the children has ended."""
    for child in children:
        if (status := child.exit_status()) is not None:
            child.fail(f"ended with exit status {status}")


def wait_for_failure(children: Sequence[Child], *, poll_seconds: float = 1.0) -> NoReturn:
    """Block until a child ends, which raises `ChildFailedError`, or until a signal arrives."""
    while True:
        check_alive(children)
        time.sleep(poll_seconds)


def tail(log: Path) -> list[str]:
    """Return the last lines of a log file, at most TAIL_LINES."""
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]


@contextmanager
def termination_as_exit() -> Iterator[None]:
    """Make SIGTERM and SIGHUP unwind the stack as Ctrl-C does, with the shell's exit status for them."""
    previous = {number: signal.signal(number, _exit_on) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _exit_on(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


@contextmanager
def _ignored_signals() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)

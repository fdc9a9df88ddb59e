"""A program that runs one command as its child, and ends it with all its descendants.

Usage: `python -m dag_factory.sandbox.processes.supervisor GRACE_SECONDS COMMAND...`. Its standard input is a
pipe whose other end only the caller has: the supervisor sees its end when the caller closes it or dies.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import psutil

POLL_SECONDS = 0.2
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def main(arguments: Sequence[str]) -> int:
    """Run the command until it ends or our standard input is closed; return the command's exit status."""
    grace_seconds, command = float(arguments[0]), arguments[1:]
    _adopt_orphans()
    # A handler, not SIG_IGN: the child would inherit an ignored signal.
    terminated = []
    signal.signal(signal.SIGTERM, lambda number, _frame: terminated.append(number))
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 (the command is the caller's)
    while child.poll() is None and not terminated and not _is_input_closed():
        _reap_orphans(child.pid)
    _stop(child, grace_seconds)
    return _exit_status(child.returncode)


def _adopt_orphans() -> None:
    """Become the parent of descendants whose parent dies, so that init adopts none of them (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _is_input_closed() -> bool:
    """Wait up to `POLL_SECONDS` for the end of the standard input."""
    readable, _, _ = select.select([0], [], [], POLL_SECONDS)
    return bool(readable) and os.read(0, 1) == b""


def _stop(child: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """Terminate the child, then its remaining descendants; kill all that live after the grace period."""
    deadline = time.monotonic() + grace_seconds
    # Where orphans are not adopted, later ones cannot be found: remember the current ones.
    known = set(_descendants())
    if child.poll() is None:
        child.terminate()
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        _reap_orphans(child.pid)
    _signal_each(_alive(known, child.pid), signal.SIGTERM)
    while _alive(known, child.pid) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    while rest := _alive(known, child.pid):
        _signal_each(rest, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
    child.wait()
    _reap_orphans(child.pid)


def _alive(known: set[psutil.Process], child_pid: int) -> set[psutil.Process]:
    """Return the running descendants, including known ones with another parent by now."""
    _reap_orphans(child_pid)
    return {process for process in known | set(_descendants()) if _is_running(process)}


def _descendants() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _is_running(process: psutil.Process) -> bool:
    try:
        # `is_running` compares pid and creation time: a reused pid is not ours to kill.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal_each(processes: set[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def _reap_orphans(child_pid: int) -> None:
    """Reap adopted processes that have ended; `Popen` reaps the child itself."""
    if sys.platform != "linux":
        return
    try:
        while (dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            if dead.si_pid == child_pid:
                return
            os.waitpid(dead.si_pid, 0)
    except ChildProcessError:
        return


def _exit_status(returncode: int) -> int:
    """Return the exit status as a shell reports it, with 128 + N for signal N."""
    return returncode if returncode >= 0 else 128 - returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

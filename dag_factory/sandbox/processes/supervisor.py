"""The program that stands between us and one child, and ends it with everything that the child has started.

`processes` alone runs it: `python -m dag_factory.sandbox.keeper GRACE COMMAND...`. Its standard input is a
pipe whose other end only we hold: it reads the end of the file when we ask it to stop, and also when we die.
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
    """Run the command until it ends or our standard input does; return the command's exit status."""
    grace_seconds, command = float(arguments[0]), arguments[1:]
    _adopt_orphans()
    # A handler, not SIG_IGN: what is ignored stays ignored in the child, too.
    terminated = []
    signal.signal(signal.SIGTERM, lambda number, _frame: terminated.append(number))
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 (the command is our own caller's)
    while child.poll() is None and not terminated and not _is_input_closed():
        _reap_orphans(child.pid)
    _stop(child, grace_seconds)
    return _exit_status(child.returncode)


def _adopt_orphans() -> None:
    """Become the parent of descendants whose parent has died, so that none is lost to init (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _is_input_closed() -> bool:
    """Wait a moment for the end of the standard input."""
    readable, _, _ = select.select([0], [], [], POLL_SECONDS)
    return bool(readable) and os.read(0, 1) == b""


def _stop(child: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """Ask the child to end, then what it left behind, and kill whoever is alive after the grace period."""
    deadline = time.monotonic() + grace_seconds
    # Where orphans are not adopted, the ones known now are all that will ever be known.
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
    """Return the descendants that still run, also the known ones that have found another parent."""
    _reap_orphans(child_pid)
    return {process for process in known | set(_descendants()) if _is_running(process)}


def _descendants() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _is_running(process: psutil.Process) -> bool:
    try:
        # `is_running` compares pid and creation time: a pid that was given anew is not ours to kill.
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
    """Bury the adopted that have ended; the child itself is `Popen`'s to bury."""
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
    """Map a death by signal to the shell's way of telling it."""
    return returncode if returncode >= 0 else 128 - returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

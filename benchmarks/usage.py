"""The CPU time and memory of process trees, including children that have ended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import psutil


def tree(root: psutil.Process) -> list[psutil.Process]:
    """Return a process and all its descendants."""
    return [root, *root.children(recursive=True)]


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """Return the CPU time of processes, including that of their ended children.

    The system adds a child's time to its parent's when the parent waits for it, so the sum over a tree is
    complete.
    """
    return sum(own_seconds(process) + ended_children_seconds(process) for process in processes)


def own_seconds(process: psutil.Process) -> float:
    """Return the CPU time of one process; 0 if it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def ended_children_seconds(process: psutil.Process) -> float:
    """Return the CPU time of the descendants of a process that have ended; 0 if it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.children_user + times.children_system)
    return 0.0


def resident_mib(process: psutil.Process) -> float:
    """Return the resident memory of one process in MiB; 0 if it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return float(process.memory_info().rss) / 2**20
    return 0.0


def proportional_mib(processes: Iterable[psutil.Process]) -> float:
    """Return the memory of processes in MiB, with pages that several share counted once among them."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss / 2**20
    return total


def descriptors(process: psutil.Process) -> int:
    """Return how many files and sockets a process has open; 0 if it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return int(process.num_fds())
    return 0


def sockets_to(process: psutil.Process, port: int) -> int:
    """Return how many sockets of a process are connected to a port; 0 if it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        found = process.net_connections(kind="tcp")
        return sum(each.raddr != () and each.raddr.port == port for each in found)
    return 0

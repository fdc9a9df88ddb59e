"""New processes, their cost, and the environments that they run in."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """The cost of a process: seconds by the clock and of CPU, peak resident memory in KiB, and its output."""

    seconds: float
    cpu: float
    memory: int
    output: str


def run(command: Sequence[str | Path], variables: Mapping[str, str] | None = None) -> Cost:
    """Run a command; raises RuntimeError with its output if it fails.

    `variables` are added to the environment.
    """
    started = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**_environment(), **(variables or {})},
    ) as process:
        output = process.stdout.read() if process.stdout else b""
        # Unlike resource.getrusage, wait4 reports the usage of this child only.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        message = f"{command} ended with {process.returncode}:\n{output.decode()[-2000:]}"
        raise RuntimeError(message)
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(seconds=seconds, cpu=cpu, memory=usage.ru_maxrss, output=output.decode())


def medians(
    commands: Mapping[str, Sequence[str | Path]], rounds: int, variables: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Run all commands in turns, after one round that fills the caches; return the medians in seconds.

    `variables` are added to the environment.
    """
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            seconds = run(command, variables).seconds
            if turn:
                taken[name].append(seconds)
    return {name: statistics.median(each) for name, each in taken.items()}


def make_environment(folder: Path, *requirements: str) -> Path:
    """Create a virtual environment with uv, unless it exists; return the folder of its commands.

    The versions are those of constraints.txt.
    """
    done = folder / "done"
    if not done.exists():
        uv = Path(sys.executable).with_name("uv")
        run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder])
        constraints = ("--constraint", REPOSITORY / "constraints.txt")
        run([uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", folder / "bin" / "python",
             *constraints, *requirements])  # fmt: skip
        done.touch()
    return folder / "bin"


def machine() -> str:
    """Describe the machine and versions of the figures."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    model = next(names, platform.machine())
    load = "" if not hasattr(os, "getloadavg") else f", load {os.getloadavg()[0]:.1f}"
    return f"Python {platform.python_version()}, {os.cpu_count()} cores of {model}, {platform.system()}{load}"


def _environment() -> dict[str, str]:
    """Return the caller's variables, without those that configure Airflow or Python."""
    prefixes = ("AIRFLOW", "PYTHON", "DAG_FACTORY", "GITHUB")
    return {key: value for key, value in os.environ.items() if not key.startswith(prefixes)}

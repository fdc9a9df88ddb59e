"""Run the version tests on each supported Airflow and Python; `make test-matrix` calls it.

These are tests/matrix on each combination, and tests/faults on one Python of each Airflow. As many run at
a time as there are cores. Each has its own environment in .venv-matrix/, made of constraints-MINOR.txt.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
ENVIRONMENTS = REPOSITORY / ".venv-matrix"
# Airflow 2.11 and 3.0 declare that they do not support Python 3.13 (`Requires-Python: !=3.13`).
PYTHONS = {
    "2.11": ("3.11", "3.12"),
    "3.0": ("3.11", "3.12"),
    "3.1": ("3.11", "3.12", "3.13"),
    "3.2": ("3.11", "3.12", "3.13"),
    "3.3": ("3.11", "3.12", "3.13"),
}
# Newer versions of FastAPI do not parse the JSON that Airflow 3.0 sends without a content type, and reject a
# model of Airflow 3.2; neither declares such a bound. 3.1 and 3.3 declare their own.
BOUNDS = {"3.0": ("fastapi<0.118",), "3.2": ("fastapi<0.137",)}
COMPILE = (
    *("--universal", "--python-version", "3.11", "--no-emit-package", "airbyte-dag-factory"),
    *("--no-annotate", "--no-header", "--quiet"),
)
# Older versions of Airflow issue warnings on import.
PYTEST = ("-m", "pytest", "-W", "ignore", "-q", "--no-header")
MATRIX = ("-m", "matrix", "tests/matrix")
# The tests with Airflow in one process: the fault matrix, changes during a run, and results.
FAULTS = tuple(f"tests/faults/{name}.py" for name in ("test_matrix", "test_runs", "test_results"))
# Each with the part of the fault matrix to try there. On 3.3 `make test` tries all, and CI another part.
DIAGONAL = {"2.11-py3.11": "6/8", "3.1-py3.12": None, "3.3-py3.13": None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Combination:
    """A minor version of Airflow and one of Python."""

    airflow: str
    python: str

    @property
    def name(self) -> str:
        """Return its name on the command line."""
        return f"{self.airflow}-py{self.python}"

    @property
    def constraints(self) -> Path:
        """Return the file with the versions of all packages."""
        return HERE / f"constraints-{self.airflow}.txt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The result of a combination: seconds for installing and testing, and pytest's summaries."""

    combination: Combination
    is_green: bool
    install_seconds: float
    test_seconds: float
    summary: str


ALL = tuple(Combination(airflow=minor, python=each) for minor, pythons in PYTHONS.items() for each in pythons)


def main(arguments: Sequence[str]) -> int:
    """Run the chosen combinations; the output ends with a table and a line of totals, like pytest's."""
    parser = argparse.ArgumentParser(prog="combinations")
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as 3.1-py3.12; all by default")
    parser.add_argument("--fast", action="store_true", help=f"only {', '.join(DIAGONAL)}, and fewer faults")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="run N at a time")
    parser.add_argument("--constraints", action="store_true", help="regenerate the constraints, run nothing")
    options = parser.parse_args(arguments)
    names = options.names or [each.name for each in ALL]
    if unknown := set(names) - {each.name for each in ALL}:
        parser.error(f"not known: {', '.join(sorted(unknown))}; there is {', '.join(e.name for e in ALL)}")
    if options.constraints:
        return _write_constraints()
    begin = time.monotonic()
    chosen = [each for each in ALL if each.name in names]
    suites = _fast_suites() if options.fast else {each: _suites(each, chosen) for each in chosen}
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(_run, suites, suites.values()))
    _show(outcomes, time.monotonic() - begin)
    return 0 if all(outcome.is_green for outcome in outcomes) else 1


def _suites(combination: Combination, chosen: Sequence[Combination]) -> tuple[Sequence[str], ...]:
    """Return the arguments of each pytest run: the faults take minutes and depend only on Airflow."""
    first = next(each for each in chosen if each.airflow == combination.airflow)
    has_faults = combination == first and not os.environ.get("UPDATE_SERIALISED")
    return (MATRIX, FAULTS) if has_faults else (MATRIX,)


def _fast_suites() -> dict[Combination, tuple[Sequence[str], ...]]:
    suites: dict[Combination, tuple[Sequence[str], ...]] = {}
    for each in ALL:
        if each.name in DIAGONAL:
            part = DIAGONAL[each.name]
            faults = () if part is None else ((*FAULTS, f"--part={part}"),)
            suites[_with_available_python(each)] = (MATRIX, *faults)
    return suites


def _run(combination: Combination, suites: Sequence[Sequence[str]]) -> Outcome:
    _say(f"== {combination.name} begins")
    begin = time.monotonic()
    try:
        programs = _install(combination)
    except subprocess.CalledProcessError as error:
        return _outcome(
            combination, begin, time.monotonic(), f"not installed: exit status {error.returncode}"
        )
    installed = time.monotonic()
    done = [_run_pytest(combination, programs, suite) for suite in suites]
    summary = "; ".join(last for _, last in done)
    return _outcome(combination, begin, installed, summary, is_green=all(is_green for is_green, _ in done))


def _run_pytest(combination: Combination, programs: Path, suite: Sequence[str]) -> tuple[bool, str]:
    """Run pytest and stream its output. Return whether all tests passed, and the summary."""
    process = subprocess.Popen(
        [programs / "python", *PYTEST, *suite],
        cwd=REPOSITORY,
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    last = ""
    for line in process.stdout or ():
        _say(f"{combination.name:<12}{line.rstrip()}")
        last = line.strip("= \n") or last
    return process.wait() == 0, last


def _outcome(
    combination: Combination, begin: float, installed: float, summary: str, *, is_green: bool = False
) -> Outcome:
    return Outcome(
        combination=combination,
        is_green=is_green,
        install_seconds=installed - begin,
        test_seconds=time.monotonic() - installed,
        summary=summary,
    )


def _install(combination: Combination) -> Path:
    """Create or update the environment, and return the folder of its programs."""
    folder = ENVIRONMENTS / combination.name
    programs = folder / "bin"
    if not (programs / "python").exists():
        _uv("venv", "--quiet", "--python", _interpreter(combination.python), folder)
    _uv(
        *("pip", "install", "--quiet", "--compile-bytecode", "--python", programs / "python"),
        *("--constraint", combination.constraints, "--editable", f"{REPOSITORY}[sandbox]"),
        *(_pin(combination.airflow), "pytest", "pytest-timeout"),
    )
    return programs


def _pin(minor: str) -> str:
    """Return the requirement that pins Airflow's patch version."""
    text = (HERE / f"constraints-{minor}.txt").read_text("utf-8")
    return next(line for line in text.splitlines() if line.startswith("apache-airflow=="))


def _write_constraints() -> int:
    for minor in PYTHONS:
        path = HERE / f"constraints-{minor}.txt"
        wanted = (_pin(minor), ".[sandbox]", "pytest", "pytest-timeout", *BOUNDS.get(minor, ()))
        command = [sys.executable, "-m", "uv", "pip", "compile", "-", *COMPILE]
        found = subprocess.run(
            command, check=True, cwd=REPOSITORY, input="\n".join(wanted), stdout=subprocess.PIPE, text=True
        )
        path.write_text(found.stdout, "utf-8")
    return 0


def _with_available_python(combination: Combination) -> Combination:
    pythons = (combination.python, *PYTHONS[combination.airflow])
    chosen = replace(combination, python=next(filter(_is_available, pythons), combination.python))
    if chosen != combination:
        _say(f"there is no Python {combination.python}: {chosen.name} runs instead of {combination.name}")
    return chosen


def _is_available(python: str) -> bool:
    find = [sys.executable, "-m", "uv", "python", "find", "--no-python-downloads", _interpreter(python)]
    return subprocess.run(find, check=False, capture_output=True, env=_environment()).returncode == 0


def _interpreter(python: str) -> str:
    """Return pyenv's interpreter, if any, which uv does not find; else a version that uv finds or fetches."""
    shim = shutil.which(f"python{python}")
    roots = [
        os.environ.get("PYENV_ROOT"),
        Path(shim).parents[1] if shim else None,
        Path("~/.pyenv").expanduser(),
    ]
    found = (
        path for root in roots if root for path in sorted(Path(root).glob(f"versions/{python}.*/bin/python"))
    )
    return next((str(path) for path in found), python)


def _uv(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "uv", *map(str, arguments)]
    subprocess.run(command, check=True, env=_environment(), cwd=REPOSITORY)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    return {**kept, "UV_NO_PROGRESS": "1"}


def _show(outcomes: Sequence[Outcome], seconds: float) -> None:
    _say("")
    _say(f"{'Airflow':<9}{'Python':<8}{'install':>9}{'tests':>9}  result")
    for each in outcomes:
        times = f"{each.install_seconds:>7.0f} s{each.test_seconds:>7.0f} s"
        result = f"{'ok' if each.is_green else 'FAILED'}: {each.summary}"
        _say(f"{each.combination.airflow:<9}{each.combination.python:<8}{times}  {result}")
    _say("")
    green = sum(each.is_green for each in outcomes)
    failed = f"{len(outcomes) - green} failed, " if green < len(outcomes) else ""
    _say(f"== {failed}{green} passed of {len(outcomes)} combinations in {seconds:.0f} s ==")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

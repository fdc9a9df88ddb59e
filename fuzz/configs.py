"""Fuzz all of validate with mutated configurations and random bytes, guided by code coverage.

    make fuzz                                          # 200,000 inputs
    .venv-fuzz/bin/python fuzz/configs.py --runs 1000  # in the environment of `make fuzz`

An input fails if it raises, if the result has anything but diagnostics at locations of the file, or if it
takes more than a second or too much memory. It is written to fuzz/found-..., and this command can try it
alone.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import platform
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dag_factory.config.diagnostics import Diagnostic

FOLDER = Path(__file__).resolve().parent
REPOSITORY = FOLDER.parent

# The limit of one input in wall-clock seconds, and of the whole process in bytes of address space.
LONGEST, MOST_MEMORY = 1.0, 4 * 1024**3


@dataclass(kw_only=True, slots=True)
class Tally:
    """What has been tried so far; `slowest` is in seconds."""

    runs: int
    started: float
    count: int = 0
    clean: int = 0
    diagnostics: int = 0
    slowest: float = 0.0
    slowest_input: bytes = b""

    def line(self) -> str:
        """Describe it in one line."""
        seconds = time.perf_counter() - self.started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return (
            f"{self.count:,} inputs in {seconds:,.0f} s, {self.clean:,} of them without an error, "
            f"{self.diagnostics:,} diagnostics, slowest {self.slowest * 1000:.0f} ms "
            f"({len(self.slowest_input):,} bytes), {memory:.0f} MiB"
        )


def main() -> None:
    """Fuzz, or try the files that are named."""
    arguments = _arguments()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    with tempfile.TemporaryDirectory() as temporary:
        if arguments.inputs:
            _try_files(arguments.inputs, Path(temporary))
        else:
            _fuzz(arguments, Path(temporary))


def _fuzz(arguments: argparse.Namespace, work: Path) -> None:
    import atheris  # noqa: PLC0415 (--help and single inputs do without)

    with atheris.instrument_imports(include=["dag_factory"]):
        _import_all()
    from mutations import Mutator, read_seeds  # noqa: PLC0415 (after what has to be instrumented)

    seeds = read_seeds(REPOSITORY)
    mutator, corpus = Mutator(seeds), work / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        (corpus / f"{number:04}").write_bytes(seed)

    def change(data: bytes, longest: int, seed: int) -> bytes:
        chance = random.Random(seed)  # noqa: S311 (nothing secret)
        # libFuzzer mutates a fifth itself: it knows which values the code compared the input with.
        changed = atheris.Mutate(data, len(data)) if chance.random() < 0.2 else mutator.mutate(data, chance)
        return bytes(changed[:longest])

    tally = Tally(runs=arguments.runs, started=time.perf_counter())
    options = [f"-runs={arguments.runs}", f"-seed={arguments.seed}", f"-artifact_prefix={FOLDER}/found-"]
    atheris.Setup(
        [sys.argv[0], *options, "-max_len=65536", "-len_control=0", "-verbosity=0", str(corpus)],
        _target(work, tally),
        custom_mutator=change,
    )
    print(f"Python {platform.python_version()}, {len(seeds)} seeds, seed {arguments.seed}", flush=True)
    atheris.Fuzz()


def _target(work: Path, tally: Tally) -> Callable[[bytes], None]:
    """Create the function that is called with each input."""
    from dag_factory.config.diagnostics import has_errors  # noqa: PLC0415 (after it has been instrumented)

    roots = _roots(work)

    def one(data: bytes) -> None:
        root, name = roots[len(data) % 4 == 0]
        taken, found = _timed(data, root, name)
        if taken > LONGEST:
            # Lazy imports at the first use do not count for the input.
            taken = min(taken, _timed(data, root, name)[0])
        if taken > tally.slowest:
            tally.slowest, tally.slowest_input = taken, data
        tally.count += 1
        tally.clean += not has_errors(found)
        tally.diagnostics += len(found)
        if tally.count % 10_000 == 0 or tally.count == tally.runs:
            print(tally.line(), flush=True)
            (FOLDER / "found-slowest").write_bytes(tally.slowest_input)
        assert taken <= LONGEST, f"{taken:.1f} s"

    return one


def _timed(data: bytes, root: Path, name: str) -> tuple[float, tuple[Diagnostic, ...]]:
    from properties import run, verify  # noqa: PLC0415 (as above)

    # CPU time of this process, without the checks below, so that other load on the machine does not count.
    started = time.process_time()
    outcome = run(data, root, name)
    taken = time.process_time() - started
    verify(outcome, data, name)
    return taken, outcome.findings.diagnostics


def _roots(work: Path) -> tuple[tuple[Path, str], tuple[Path, str]]:
    """Create the two folders in which an input is tried: as a DAG's file, and as its defaults."""
    from properties import PLAIN_DAG  # noqa: PLC0415 (as above)

    dag, defaults = work / "dag", work / "defaults"
    for folder in (dag, defaults):
        folder.mkdir()
    (defaults / "plain.yaml").write_text(PLAIN_DAG, "utf-8")
    return (dag, "fuzzed.yaml"), (defaults, "defaults.yaml")


def _try_files(inputs: list[Path], work: Path) -> None:
    tally = Tally(runs=len(inputs), started=time.perf_counter())
    one = _target(work, tally)
    for path in inputs:
        one(path.read_bytes())


def _import_all() -> None:
    """Import all modules of validate, including those that it imports lazily."""
    from dag_factory import config, report  # noqa: PLC0415 (while imports are being instrumented)

    for package in (config, report):
        for name in _modules(package):
            importlib.import_module(name)


def _modules(package: ModuleType) -> list[str]:
    return [f"{package.__name__}.{module.name}" for module in pkgutil.iter_modules(package.__path__)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="fuzz dag-factory validate")
    parser.add_argument("inputs", metavar="FILE", nargs="*", type=Path, help="try these inputs and no others")
    parser.add_argument("--runs", type=int, default=200_000, help="number of inputs (default: 200,000)")
    parser.add_argument("--seed", type=int, default=1, help="of the chance (default: 1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Run many histories and print the results; the command line of `python -m tests.adversary`.

A history that breaks a rule is shrunk and printed with its number and a log of its events.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.adversary import seams
from tests.adversary.histories import history
from tests.adversary.rules import Checker
from tests.adversary.shrinking import shrink

# How many histories a process runs at a time.
CHUNK = 500
MAX_SHOWN = 10


@dataclass(kw_only=True, slots=True)
class Tally:
    """The results of some histories. `failed` maps the numbers of failed histories to their violations."""

    histories: int = 0
    calls: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    failed: dict[int, list[str]] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Add the counts of another tally."""
        self.histories += other.histories
        self.calls += other.calls
        self.failed.update(other.failed)
        for name, counter in other.counts.items():
            self.counts.setdefault(name, Counter()).update(counter)


def main(arguments: Sequence[str]) -> int:
    """Run the command. Return 1 if a rule was broken, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.adversary")
    parser.add_argument("--histories", type=int, default=10_000, metavar="N", help="how many (10000)")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="how many at a time (1)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed, other histories (0)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first one's number (0)")
    parser.add_argument("--show", type=int, metavar="N", help="print the log of one history")
    parser.add_argument("--no-logs", action="store_true", help="print no log of those that break a rule")
    options = parser.parse_args(arguments)
    if options.show is not None:
        show(options.seed, options.show, small=False)
        return 0
    begun = time.monotonic()
    tally = Tally()
    for part in _parts(options.seed, options.first, options.histories, options.processes):
        tally.add(part)
        _progress(tally, options.histories, begun)
    for number in sorted(tally.failed)[: 0 if options.no_logs else MAX_SHOWN]:
        show(options.seed, number)
    _say(_summary(tally, time.monotonic() - begun))
    return 1 if tally.failed else 0


def run(seed: int, first: int, last: int) -> Tally:
    """Run the histories numbered from `first` up to, but not including, `last` in this process."""
    tally = Tally(histories=last - first)
    with seams.patched(), _rare_collections() as collect:
        for number in range(first, last):
            collect(number)
            world = seams.run_world(history(number, seed))
            verdict = Checker(world).check()
            tally.calls += len(world.network.calls)
            kinds = (("exclusions", verdict.exclusions), ("holes", verdict.holes))
            for name, counter in (("acts", Counter(world.acts_done)), *kinds):
                tally.counts.setdefault(name, Counter()).update(counter)
            if verdict.violations:
                tally.failed[number] = verdict.violations
    return tally


def show(seed: int, number: int, *, small: bool = True) -> None:
    """Print the log and the violations of a history, shrunk if `small`."""
    with seams.patched():
        found = history(number, seed)
        shown = shrink(found) if small else found
        world = seams.run_world(shown, is_verbose=True)
    _say("\n".join(["", shown.text(), *world.lines, *Checker(world).check().violations, ""]))


@contextmanager
def _rare_collections() -> Iterator[Callable[[int], None]]:
    """Collect garbage only now and then: Airflow's modules are a million objects to traverse."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield lambda number: gc.collect() if number % 1000 == 0 else None
    finally:
        gc.enable()
        gc.unfreeze()


def _parts(seed: int, first: int, histories: int, processes: int) -> Iterator[Tally]:
    starts = range(first, first + histories, CHUNK)
    chunks = [(seed, start, min(start + CHUNK, first + histories)) for start in starts]
    if processes == 1:
        yield from (run(*chunk) for chunk in chunks)
        return
    with ProcessPoolExecutor(max_workers=processes) as pool:
        for done in as_completed([pool.submit(run, *chunk) for chunk in chunks]):
            yield done.result()


def _progress(tally: Tally, histories: int, begun: float) -> None:
    if sys.stderr.isatty():
        seconds = time.monotonic() - begun
        left = seconds / tally.histories * (histories - tally.histories)
        text = f"{tally.histories} of {histories}, {len(tally.failed)} failed, {left:.0f} s left"
        sys.stderr.write(f"\r\033[K{text}" if tally.histories < histories else "\r\033[K")
        sys.stderr.flush()


def _summary(tally: Tally, seconds: float) -> str:
    lines = [
        f"{name}: {text} {count}"
        for name, counter in tally.counts.items()
        for text, count in counter.most_common()
    ]
    broken = Counter(text.partition(":")[0] for texts in tally.failed.values() for text in texts)
    lines += [f"{number}: {text}" for number in sorted(tally.failed) for text in tally.failed[number]]
    rules = ", ".join(f"{rule} {count}" for rule, count in broken.items()) or "none"
    lines.append(
        f"{tally.histories} histories in {seconds:.0f} s ({1000 * seconds / tally.histories:.1f} ms each), "
        f"{tally.calls} calls, {sum(tally.counts.get('acts', Counter()).values())} acts; "
        f"histories that break a rule: {len(tally.failed)} (rules: {rules})"
    )
    return "\n".join(lines)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()

"""Shrink a failing history: drop everything that it does not need to fail."""

from __future__ import annotations

from tests.adversary.histories import History, smaller
from tests.adversary.rules import Checker
from tests.adversary.seams import run_world


def shrink(found: History, rounds: int = 40) -> History:
    """Drop one element after another as long as the same rule is broken; call it inside `patched`."""
    broken = _broken(found)
    for _ in range(rounds):
        step = next((each for each in smaller(found) if broken & _broken(each)), None)
        if step is None:
            break
        found = step
    return found


def _broken(history: History) -> set[str]:
    """Return the rules that a history breaks."""
    violations = Checker(run_world(history)).check().violations
    return {text.partition(":")[0] for text in violations}

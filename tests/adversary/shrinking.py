"""Makes a failing history small: leaves out whatever it fails without."""

from __future__ import annotations

from tests.adversary.histories import History, smaller
from tests.adversary.rules import Judge
from tests.adversary.seams import run_world


def shrink(found: History, rounds: int = 40) -> History:
    """Leave out one thing after the other for as long as the same rule is broken; inside `patched`."""
    broken = _broken(found)
    for _ in range(rounds):
        step = next((each for each in smaller(found) if broken & _broken(each)), None)
        if step is None:
            break
        found = step
    return found


def _broken(history: History) -> set[str]:
    """The rules that a history breaks."""
    violations = Judge(run_world(history)).judge().violations
    return {text.partition(":")[0] for text in violations}

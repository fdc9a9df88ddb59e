"""The mutants of the protocol still apply: the text that each replaces is in its file exactly once."""

from __future__ import annotations

from pathlib import Path

import pytest

import dag_factory
from tests.adversary import mutants as of_histories
from tests.faults import mutants as of_faults

MUTANTS = [*of_faults.MUTANTS, *of_histories.MUTANTS]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: f"{each.file}-{each.old.strip()[:40]}")
def test_the_old_text_of_a_mutant_is_there_once(mutant):
    folder = Path(dag_factory.__path__[0])
    assert (folder / mutant.file).read_text("utf-8").count(mutant.old) == 1

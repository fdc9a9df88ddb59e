"""Folders of links, odd names and broken files, loaded as Airflow does; `make fuzz-folders` tries more."""

from __future__ import annotations

import random

import pytest

from fuzz.folders import check_load, make_folder
from fuzz.mutations import Mutator, read_seeds

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize("seed", range(101, 107))
def test_the_good_dag_is_loaded_next_to_any_files(seed, tmp_path, repository):
    make_folder(tmp_path / "configs", random.Random(seed), Mutator(read_seeds(repository)).mutate)
    check_load(tmp_path / "configs")

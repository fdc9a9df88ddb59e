"""Mutated configurations and random bytes: a small, deterministic part of what `make fuzz` tries."""

from __future__ import annotations

import random
import resource

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dag_factory.config.diagnostics import has_errors
from fuzz.folders import check_folder, make_folder
from fuzz.mutations import Mutator, read_seeds
from fuzz.properties import PLAIN_DAG, check

FEW = settings(
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def bounded_memory():
    """Limit memory, so that no input can exhaust the machine."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (8 * 1024**3, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture
def mutator(repository):
    return Mutator(read_seeds(repository))


@pytest.mark.slow
@settings(FEW, max_examples=700)
@given(number=st.integers(0, 2**32))
@pytest.mark.parametrize("name", ["fuzzed.yaml", "defaults.yaml"])
def test_mutated_configurations_end_in_diagnostics(number, name, mutator, repository, configs):
    chance = random.Random(number)
    data = chance.choice(read_seeds(repository)) if number % 50 == 0 else PLAIN_DAG.encode()
    for _ in range(chance.randrange(1, 6)):
        data = mutator.mutate(data, chance)
    check(data, configs({"plain.yaml": PLAIN_DAG}), name)


@pytest.mark.slow
@settings(FEW, max_examples=400)
@given(data=st.binary(max_size=200))
@example(data=b"a: {")
@example(data=b"schedule: null\n---\n# nothing")
@example(data=b'"\\ud800": 1')
@example(data=b"\xff\xfea: 1")
def test_random_bytes_end_in_diagnostics(data, configs):
    check(data, configs({}))


def test_a_checked_configuration_can_be_clean(configs):
    assert not has_errors(check(PLAIN_DAG.encode(), configs({})).diagnostics)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 13))
def test_the_good_file_is_kept_next_to_any_files(seed, tmp_path, mutator):
    make_folder(tmp_path / "configs", random.Random(seed), mutator.mutate)
    check_folder(tmp_path / "configs")

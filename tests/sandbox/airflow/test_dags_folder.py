from __future__ import annotations

import pytest

from dag_factory.sandbox.airflow.dags_folder import dags_folder


@pytest.fixture
def dags(tmp_path):
    folder = tmp_path / "project" / "dags"
    folder.mkdir(parents=True)
    (folder / "loader.py").write_text("# a loader\n")
    return folder


@pytest.mark.parametrize("relative", ["../configs", "configs"], ids=["beside", "inside"])
def test_a_loader_that_reads_the_configs_is_left_where_it_is(dags, tmp_path, relative):
    configs = dags / relative
    configs.mkdir()
    assert dags_folder(dags, configs, tmp_path / "work") == dags
    assert not (tmp_path / "work").exists()


def test_for_other_configs_the_loader_is_copied(dags, tmp_path):
    (dags / "configs").mkdir()
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.yaml").touch()
    for _ in range(2):
        copy = dags_folder(dags, other, tmp_path / "work")
        assert [item.name for item in copy.iterdir()] == ["loader.py"]
        assert [item.name for item in (copy.parent / "configs").iterdir()] == ["a.yaml"]

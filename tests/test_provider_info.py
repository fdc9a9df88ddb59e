"""The registration of the link, which Airflow 2 needs."""

from __future__ import annotations

import pytest
from airflow.providers_manager import ProvidersManager

from dag_factory.operators.links import AirbyteConnectionLink


@pytest.mark.airflow
def test_airflow_finds_the_link():
    path = f"{AirbyteConnectionLink.__module__}.{AirbyteConnectionLink.__qualname__}"
    assert path in ProvidersManager().extra_links_class_names

"""An event that an earlier try was deferred for: Airflow 3.0 starts a retry where the deferral ended."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dag_factory.factory.load import load_dags

pytestmark = pytest.mark.airflow

DAG = """
schedule: null
syncs:
  money: {connection_id: 1e3b5a72-7bfd-4808-a13c-204505490110, mode: sync, deferrable: true}
  sales: {connection_id: 1e3b5a72-7bfd-4808-a13c-204505490111, mode: async, deferrable: true}
"""


class BegunAnewError(Exception):
    """What a task that begins anew raises here."""


class GoneOnError(Exception):
    """What a task that judges an event raises here."""


@pytest.fixture(params=["money", "sales.wait"])
def task(configs, monkeypatch, request):
    def begin(_context):
        raise BegunAnewError

    def go_on(*_arguments):
        raise GoneOnError

    made = load_dags(configs({"money.yaml": DAG}))["money"].get_task(request.param)
    monkeypatch.setattr(type(made), "_sync" if request.param == "money" else "_defer", staticmethod(begin))
    monkeypatch.setattr(type(made), "_begin", go_on)
    monkeypatch.setattr(
        type(made),
        "_store",
        lambda *_arguments: SimpleNamespace(keep_facts=None, waiting=WAITING),
        raising=False,
    )
    return made


WAITING = SimpleNamespace(facts={})


@pytest.mark.parametrize(
    ("kept", "expected"),
    [({"try_number": 1}, BegunAnewError), ({"try_number": 2}, GoneOnError), ({}, GoneOnError)],
    ids=["of an earlier try", "of this try", "not known"],
)
def test_only_an_event_of_this_try_is_judged(task, kept, expected):
    context = {"ti": SimpleNamespace(try_number=2), "task_state_store": None}
    with pytest.raises(expected):
        task.execute_complete(context, {"facts": {}}, **kept)

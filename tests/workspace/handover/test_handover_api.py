"""A refusal of Airbyte is told from an answer that has not come."""

from __future__ import annotations

import pytest

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.workspace.handover.handover_api import HandoverApi
from dag_factory.workspace.handover.moves import AirbyteRefusedError, AirbyteUnansweredError, NoAccessError


class Failing:
    def __init__(self, error: ApiError) -> None:
        self.error = error

    def set_schedule(self, *_: object) -> None:
        raise self.error

    connection = jobs = set_schedule


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_refusal_has_changed_nothing(status):
    api = HandoverApi(Failing(ApiError("no", status=status, may_have_acted=status == 409)))
    with pytest.raises(AirbyteRefusedError, match="no"):
        api.set_schedule("id", {})
    with pytest.raises(AirbyteRefusedError):
        api.connection("id")


@pytest.mark.parametrize("status", [None, 408, 429, 500, 502, 503])
def test_whether_a_call_without_an_answer_was_done_is_not_known(status):
    api = HandoverApi(Failing(ApiError("nothing", status=status)))
    with pytest.raises(AirbyteUnansweredError, match="nothing"):
        api.set_schedule("id", {})
    with pytest.raises(AirbyteUnansweredError):
        api.jobs("id")


@pytest.mark.parametrize(
    "error",
    [
        ApiError("no", is_permanent=True),
        ApiError("no", status=302, is_permanent=True),
        ApiError("no", status=401),
        ApiError("no", status=405),
        ApiError("no", status=403, is_about_token=True),
        ApiError("no", status=404, is_about_token=True),
    ],
)
def test_a_refusal_of_every_call_is_told_from_one_of_a_connection(error):
    with pytest.raises(NoAccessError):
        HandoverApi(Failing(error)).connection("id")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_refusal_of_one_connection(status):
    with pytest.raises(AirbyteRefusedError) as refusal:
        HandoverApi(Failing(ApiError("no", status=status))).connection("id")
    assert not isinstance(refusal.value, NoAccessError)


def test_a_token_that_does_not_come_is_no_refusal():
    with pytest.raises(AirbyteUnansweredError):
        HandoverApi(Failing(ApiError("no", status=503, is_about_token=True))).connection("id")


def test_a_missing_right_is_named():
    with pytest.raises(AirbyteRefusedError, match="needs the role Editor"):
        HandoverApi(Failing(ApiError("no", status=403))).set_schedule("id", {})


@pytest.mark.parametrize("schedule", ["missing", None, "manual", [], {}, {"scheduleType": None}, 7])
def test_a_connection_without_a_schedule_is_not_taken_for_a_manual_one(schedule):
    class Answering:
        def connection(self, _connection_id: str) -> dict[str, object]:
            return {} if schedule == "missing" else {"schedule": schedule}

    with pytest.raises(AirbyteUnansweredError, match="the answer about connection id has no schedule"):
        HandoverApi(Answering()).connection("id")

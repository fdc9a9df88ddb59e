"""A refusal of Airbyte is told from an answer that has not come."""

from __future__ import annotations

import pytest

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.workspace.handover.handover_api import HandoverApi
from dag_factory.workspace.handover.moves import AirbyteRefusedError, AirbyteUnansweredError


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


def test_a_host_that_is_no_url_is_a_refusal():
    with pytest.raises(AirbyteRefusedError):
        HandoverApi(Failing(ApiError("no", is_permanent=True))).connection("id")


def test_a_missing_right_is_named():
    with pytest.raises(AirbyteRefusedError, match="needs the role Editor"):
        HandoverApi(Failing(ApiError("no", status=403))).set_schedule("id", {})

"""A route has the same name with any prefix and ids."""

import pytest

from dag_factory.local_airbyte.faults.route_names import route_of


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("POST", "/v1/jobs", "POST /jobs"),
        ("GET", "/api/public/v1/jobs/7", "GET /jobs/{jobId}"),
        ("PATCH", "/v1/connections/x", "PATCH /connections/{connectionId}"),
        ("POST", "/v1/applications/token", "POST /applications/token"),
        ("GET", "/local-admin/jobs", None),
    ],
)
def test_routes_have_one_name_whatever_the_prefix(method, path, route):
    assert route_of(method, path) == route

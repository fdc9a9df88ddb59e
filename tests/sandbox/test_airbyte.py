from __future__ import annotations

from datetime import UTC, datetime

from dag_factory.sandbox.airbyte import AirbyteAccess, AirbyteApi, Job


def test_airbytes_jobs(server):
    server.answers["POST /api/applications/token"] = {"access_token": "t"}
    server.answers["GET /api/jobs"] = {
        "data": [
            {"jobId": 2, "status": "succeeded", "startTime": "2026-03-01T12:00:00Z", "rowsSynced": 5},
            {"jobId": 1, "status": "pending"},
        ]
    }
    access = AirbyteAccess(url=f"{server.url}/api", client_id="me", client_secret="secret")
    with AirbyteApi(access) as api:
        assert api.jobs("c") == [
            Job(job_id=2, status="succeeded", rows=5, started_at=datetime(2026, 3, 1, 12, tzinfo=UTC)),
            Job(job_id=1, status="pending", rows=None, started_at=None),
        ]
    assert server.sent == [("POST /api/applications/token", {"client_id": "me", "client_secret": "secret"})]
    assert server.tokens == [None, "Bearer t"]

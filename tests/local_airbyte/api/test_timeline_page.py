"""The page that a task's link in Airflow opens."""

from __future__ import annotations

from dag_factory.local_airbyte.api.timeline_page import connection_page

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"


def test_a_connection_has_a_page(airbyte):
    job = airbyte.sync()
    url = f"{airbyte.server.root_url}/workspaces/any/connections/{CONNECTION}/timeline"
    page = airbyte.http.get(url)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f"<tr><td>{job.job_id}</td><td>sync</td><td>succeeded</td>" in page.text
    assert airbyte.http.get(url.replace(CONNECTION, "unknown")).status_code == 404


def test_a_name_is_escaped():
    page = connection_page({"name": "<b>x</b>", "connectionId": "&", "status": "active"}, [])
    assert "<h1>&lt;b&gt;x&lt;/b&gt;</h1>" in page

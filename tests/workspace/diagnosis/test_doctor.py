"""The answers of `doctor` to what was gathered: no server is asked here."""

from __future__ import annotations

import re
import tomllib

import pytest

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.errors import ApiError
from dag_factory.workspace.diagnosis.answers import Level, error
from dag_factory.workspace.diagnosis.doctor import (
    Body,
    Examination,
    NotListed,
    Probe,
    check_address,
    check_clock,
    check_credentials,
    check_reading,
    check_timeout,
    check_token,
    is_public_api,
)
from dag_factory.workspace.diagnosis.installed_versions import SUPPORTED, check_versions
from dag_factory.workspace.diagnosis.used_connections import (
    Absence,
    Use,
    check_connections,
    check_pools,
    missing_ids,
)
from tests.workspace.snapshot_samples import connection_id

URL = "https://airbyte.example.com/api/public/v1"
LIST = Probe(status=200, body=Body.LIST)
MANUAL = {"scheduleType": "manual"}


def access(host: str = URL, **fields) -> Access:
    return Access(conn_id="airbyte_default", host=host, **fields)


def with_token(host: str = URL, **fields) -> Access:
    return access(host, client_id="id", client_secret="secret-value", **fields)


def examined(connections, given: Access | None = None) -> Examination:
    return Examination(access=given or with_token(), probe=LIST, connections=connections)


def refused(status: int | None, *, is_about_token: bool = False) -> NotListed:
    refusal = ApiError("Airbyte said no", status=status, is_about_token=is_about_token)
    return NotListed(reason=str(refusal), error=refusal)


@pytest.mark.parametrize(
    ("host", "probe", "level", "said"),
    [
        (URL, LIST, "ok", "with TLS"),
        (URL, Probe(status=401), "ok", "is Airbyte's public API"),
        (URL, Probe(status=403), "ok", "is Airbyte's public API"),
        ("http://127.0.0.1:8000/v1", LIST, "ok", "without TLS inside a private network"),
        ("http://airbyte-server.airbyte.svc:8001/api/public/v1", LIST, "ok", "private network"),
        ("http://airbyte.example.com/api/public/v1", LIST, "warning", "can read the credentials"),
        ("https://airbyte.example.com/api/v1", Probe(status=401), "error", "internal API"),
        ("https://airbyte.example.com/api/v1", Probe(status=404), "error", f"write {URL} as host"),
        ("https://airbyte.example.com", Probe(status=200, body=Body.PAGE), "error", f"write {URL} as host"),
        ("https://airbyte.example.com", Probe(status=401), "error", f"write {URL} as host"),
        (URL, Probe(status=200, body=Body.PAGE), "error", "is a gateway or a login page in front"),
        (URL, Probe(status=302, target="https://login.example.com/"), "error", "redirects to https://login"),
        (URL, Probe(status=503), "error", "try again"),
        (URL, Probe(status=429), "error", "try again"),
        (URL, Probe(reason="the request timed out", waited=20.0), "error", "within 20 seconds"),
        (URL, Probe(reason="[SSL: CERTIFICATE_VERIFY_FAILED]"), "error", "SSL_CERT_FILE"),
        (URL, Probe(reason="[SSL: WRONG_VERSION_NUMBER]"), "error", "http:// instead of https://"),
        ("airbyte", Probe(reason="the host is not a URL"), "error", "https://name/api/public/v1"),
    ],
)
def test_the_address(host, probe, level, said):
    answer = check_address(access(host), probe)
    assert answer.level == level
    assert said in answer.line(with_conn_id=False)


@pytest.mark.parametrize(
    ("host", "probe", "is_sent"),
    [
        (URL, Probe(status=401), True),
        (URL, Probe(status=200, body=Body.PAGE), False),
        (URL, Probe(status=302), False),
        (URL, Probe(status=500), False),
        (URL, Probe(reason="refused"), False),
        ("https://airbyte.example.com/api/v1", Probe(status=401), False),
    ],
)
def test_credentials_are_only_sent_to_what_looks_like_airbyte(host, probe, is_sent):
    assert is_public_api(access(host), probe) == is_sent


@pytest.mark.parametrize(
    ("given", "connections", "level", "said"),
    [
        (with_token(), (), "ok", "given and accepted"),
        (access(), (), "ok", "without authentication"),
        (access(client_id="id"), (), "warning", "only one of login and password"),
        (with_token(), refused(401), "error", "said no"),
        (with_token(), refused(404, is_about_token=True), "error", "said no"),
        (with_token(), refused(403), "ok", "given and accepted"),
        (with_token(), refused(None), "warning", "not checked"),
        (with_token(), NotListed(reason="it changes"), "ok", "given and accepted"),
        (access(), refused(401), "error", "login and password of the connection"),
        (access(variables="AIRBYTE_URL"), refused(401), "error", "AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT"),
        (access(), None, "warning", "not checked"),
    ],
)
def test_the_token(given, connections, level, said):
    answer = check_token(examined(connections, given))
    assert answer.level == level
    assert said in answer.line(with_conn_id=False)


@pytest.mark.parametrize(
    ("connections", "level", "said"),
    [
        (({}, {}), "ok", "2 connections are listed"),
        (({}, {"status": "deprecated"}), "ok", "1 connection is listed"),
        ((), "warning", "lists no connection"),
        (refused(403), "error", "the role Reader"),
        (refused(401), "warning", "not checked"),
        (refused(500, is_about_token=True), "warning", "not checked"),
        (refused(500), "error", "said no"),
        (NotListed(reason="it changes"), "warning", "it changes; try again"),
        (None, "warning", "not checked"),
    ],
)
def test_reading(connections, level, said):
    answer = check_reading(examined(connections))
    assert answer.level == level
    assert said in answer.line(with_conn_id=False)


@pytest.mark.parametrize(
    ("skew", "level", "said"),
    [
        (0.4, "ok", "differ by 0 s"),
        (-29.9, "ok", "differ by 30 s"),
        (30.0, "warning", "30 s ahead of"),
        (-3600.0, "warning", "3600 s behind"),
        (None, "note", "no readable Date"),
    ],
)
def test_the_clock(skew, level, said):
    answer = check_clock(access(), Probe(status=200, body=Body.LIST, skew=skew))
    assert answer.level == level
    assert said in answer.text
    assert check_clock(access(), Probe(reason="refused")).level is Level.WARNING


@pytest.mark.parametrize("skew", [None, 0.0, 3600.0])
def test_the_clock_of_something_else_is_not_compared(skew):
    answer = check_clock(access(), Probe(status=200, body=Body.PAGE, skew=skew))
    assert answer.text == "clock: not checked, since Airbyte's public API does not answer there"


@pytest.mark.parametrize(("timeout", "level"), [(60.0, "ok"), (30.0, "ok"), (29.5, "warning")])
def test_the_timeout(timeout, level):
    answer = check_timeout(access(timeout=timeout))
    assert (answer.level, f"{timeout:g} s" in answer.text) == (level, True)


def test_one_url_for_several_airbytes():
    of_url = access(variables="AIRBYTE_URL")
    assert check_credentials(access(), is_one_of_several=True).level is Level.OK
    assert check_credentials(of_url, is_one_of_several=False).level is Level.OK
    assert check_credentials(of_url, is_one_of_several=True).level is Level.WARNING


def use(number: int | None, **fields) -> Use:
    known = None if number is None else connection_id(number)
    base = {"sync": f"sync_{number}", "airbyte_conn_id": "airbyte_default", "file": "configs/a.yaml"}
    return Use(**{**base, "line": 3, "connection_id": known, **fields})


def document(number: int, status: str = "active", schedule: object = MANUAL) -> dict:
    return {"connectionId": connection_id(number), "status": status, "schedule": schedule}


def lines(uses, documents, missing=None) -> list[str]:
    listed = {each["connectionId"]: each for each in documents}
    return [each.line(with_conn_id=False) for each in check_connections(uses, listed, missing or {})]


def test_connections_that_are_well_are_one_line():
    documents = [document(1), document(2), document(3)]
    assert lines([use(1), use(2), use(2)], documents) == ["ok: 2 connections exist, are active and manual"]
    assert lines([use(3)], documents) == ["ok: 1 connection exists, is active and manual"]
    assert lines([], documents) == []


@pytest.mark.parametrize(
    ("status", "schedule", "level", "said"),
    [
        ("inactive", MANUAL, "warning", "is disabled"),
        ("locked", MANUAL, "warning", "is locked"),
        ("deprecated", MANUAL, "error", "has been deleted"),
        ("active", {"scheduleType": "cron"}, "warning", "is also started by Airbyte"),
    ],
)
def test_connections_that_are_not_well(status, schedule, level, said):
    (line,) = lines([use(1)], [document(1, status, schedule)])
    at = f"{level}: configs/a.yaml:3: the connection {connection_id(1)} of sync 'sync_1'"
    assert line.startswith(f"{at} {said}")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Absence.UNKNOWN, "is unknown to Airbyte; correct"),
        (Absence.FORBIDDEN, "may not see it"),
        (Absence.NOT_ASKED, "is not in Airbyte's list"),
        (document(1, "deprecated"), "has been deleted"),
    ],
)
def test_connections_that_are_missing(answer, said):
    assert missing_ids([use(1), use(1), use(2), use(None)], {connection_id(2): {}}) == [connection_id(1)]
    (line,) = lines([use(1)], [], {connection_id(1): answer})
    assert line.startswith("error: ")
    assert said in line


def test_a_disabled_dag_needs_only_existing_connections():
    found = lines([use(1, is_enabled=False)], [document(1, "inactive")])
    assert found == ["ok: 1 connection exists, is active and manual if in use"]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 connection exists, and Airbyte alone starts it: its DAG has no schedule"),
        (2, "2 connections exist, and Airbyte alone starts them: their DAGs have no schedule"),
    ],
)
def test_what_only_airbyte_starts_is_not_started_twice(count, said):
    uses = [use(number, is_started=False) for number in range(count)]
    documents = [document(number, schedule={"scheduleType": "cron"}) for number in range(count)]
    assert lines(uses, documents) == [f"ok: {said}"]


def test_a_dag_without_a_schedule_needs_active_connections():
    (line,) = lines([use(1, is_started=False)], [document(1, "inactive")])
    assert "is disabled in Airbyte" in line


def test_placeholders_are_left_out():
    found = lines([use(None, is_placeholder=True), use(None)], [])
    assert found == [
        "note: 1 sync not checked: the connection_id is a placeholder; write the UUID of your Airbyte "
        "connection, or delete the example of 'dag-factory init'",
        "note: 1 sync not checked: a template gives the connection, or none was found",
    ]


def test_at_most_twenty_lines_of_a_kind():
    found = lines([use(number) for number in range(25)], [document(n, "inactive") for n in range(25)])
    assert len(found) == 21
    assert found[-1].startswith("warning: of 5 syncs more, the connection is disabled in Airbyte")


def test_templates_are_counted():
    assert lines([use(None)], []) == [
        "note: 1 sync not checked: a template gives the connection, or none was found"
    ]


@pytest.mark.parametrize(
    ("pooled", "without", "said"), [(0, 20, []), (21, 0, []), (1, 20, ["20 of 21 syncs have no pool"])]
)
def test_pools(pooled, without, said):
    uses = [use(1, has_pool=True)] * pooled + [use(1)] * without
    assert [each.text for each in check_pools(uses)] == said


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("2.11.1", "error"),
        ("2.11.2", "ok"),
        ("3.3.9", "ok"),
        ("3.3.0rc1", "ok"),
        ("3.4.0", "warning"),
        ("4.0.0", "error"),
        ("?", "error"),
    ],
)
def test_versions_of_airflow(version, level):
    answers = list(check_versions({"apache-airflow": version}))
    assert [each.level for each in answers] == [level, "ok", "ok"]
    assert answers[1].text == "apache-airflow-providers-airbyte is not installed here"


def test_the_supported_versions_are_those_of_the_project(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["optional-dependencies"]["airflow"]
    for name in ("apache-airflow", "apache-airflow-providers-airbyte"):
        lowest, below = (".".join(map(str, each)) for each in (SUPPORTED[name].lowest, SUPPORTED[name].below))
        assert f"{name}>={lowest},<{below}" in wanted
    page = (repository / "docs" / "versions.md").read_text("utf-8")
    newest = re.search(r"Airflow 2\.11 and 3\.0 to ([0-9.]+) are supported", page)
    assert newest is not None
    assert SUPPORTED["apache-airflow"].tested == tuple(map(int, newest[1].split(".")))


def test_secrets_are_removed_from_text_and_hint():
    answer = error("token", "it said secret-value", "write secret-value").without(("secret-value",))
    assert answer.line(with_conn_id=True) == "error: it said ***; write ***"

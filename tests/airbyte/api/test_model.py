"""Parsing of the API's responses, in any shape that a server or a gateway may send."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.airbyte.api.model import (
    Connection,
    Job,
    connection_from,
    job_as_json,
    job_from,
    job_from_json,
    printable,
    unknown_job,
)

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
ANSWER = {"jobId": 7, "status": "running", "jobType": "sync", "connectionId": UUID}
READ = {"job_id": 7, "status": "running", "job_type": "sync", "connection_id": UUID}
RAISED = (KeyError, TypeError, ValueError, OverflowError, AttributeError)


def test_a_job_with_everything():
    answer = {
        **ANSWER,
        "startTime": "2026-07-25T03:12Z",
        "lastUpdatedAt": "2026-07-25T03:14:02Z",
        "duration": "PT8H6M12S",
        "rowsSynced": 12,
        "bytesSynced": 34,
        "something": {"new": 1},
    }
    assert job_from(answer) == Job(**READ, rows=12, bytes=34, seconds=29_172.0, created=1_784_949_120.0)


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("status", "RUNNING", {"status": "running"}),
        ("jobType", "Sync", {"job_type": "sync"}),
        ("jobType", "CLEAR", {"job_type": "clear"}),
        ("connectionId", UUID.upper(), {"connection_id": UUID}),
        ("jobId", "7", {"job_id": 7}),
        ("jobId", 7.0, {"job_id": 7}),
        ("jobId", 2**63 - 1, {"job_id": 2**63 - 1}),
        ("startTime", "1970-01-01T00:01:05Z", {"created": 65.0}),
        ("startTime", "1970-01-01T00:01Z", {"created": 60.0}),
        ("startTime", "1970-01-01T01:01:05.5+01:00", {"created": 65.5}),
        ("startTime", "1970-01-01T00:01:05", {"created": 65.0}),
        *[
            ("startTime", odd, {})
            for odd in (None, "", "today", "2026-13-01", "9" * 400, 1e999, [], {}, True)
        ],
        ("duration", "PT0S", {"seconds": 0.0}),
        ("duration", "PT1.5S", {"seconds": 1.5}),
        ("duration", "PT5M", {"seconds": 300.0}),
        ("rowsSynced", "12", {"rows": 12}),
        ("rowsSynced", 0, {"rows": 0}),
        *[
            ("duration", odd, {})
            for odd in (None, "", "8 hours", 7, "P1D", "PT-5S", "PT" + "9" * 400 + "H", [])
        ],
        *[
            ("rowsSynced", odd, {})
            for odd in (None, -1, 1.5, 2**63, 1e999, True, "many", "\N{ARABIC-INDIC DIGIT THREE}", [], {})
        ],
        *[("bytesSynced", odd, {}) for odd in (None, -1, 10**30, float("nan"), "")],
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_field_of_a_job(field, value, read):
    assert job_from({**ANSWER, field: value}) == Job(**{**READ, **read})


@pytest.mark.parametrize("field", ["jobId", "status", "jobType", "connectionId"])
@pytest.mark.parametrize("value", [None, "", True, [], {}, 1e999, float("nan")], ids=repr)
def test_a_field_that_makes_an_answer_not_a_job(field, value):
    with pytest.raises(RAISED):
        job_from({**ANSWER, field: value})


@pytest.mark.parametrize(
    "value",
    [0, -1, 1.5, 2**63, "7.0", "-7", "\N{ARABIC-INDIC DIGIT SEVEN}", "7 ", " 7", "0x7", "9" * 5000],
    ids=str,
)
def test_an_invalid_id(value):
    with pytest.raises(ValueError, match="job id"):
        job_from({**ANSWER, "jobId": value})


@pytest.mark.parametrize("field", ["jobId", "status", "jobType", "connectionId"])
def test_a_field_that_is_missing(field):
    with pytest.raises(KeyError):
        job_from({name: value for name, value in ANSWER.items() if name != field})


@pytest.mark.parametrize(
    ("status", "is_active"),
    [
        *[(status, True) for status in ("pending", "queued", "running", "incomplete", "paused", "unknown")],
        *[(status, False) for status in ("succeeded", "failed", "cancelled")],
    ],
)
def test_only_three_statuses_are_final(status, is_active):
    assert job_from({**ANSWER, "status": status}).is_active == is_active
    assert job_from({**ANSWER, "status": status.upper()}).is_active == is_active


@pytest.mark.parametrize(
    ("answer", "connection"),
    [
        ({}, {}),
        ({"name": "bank → json"}, {"name": "bank → json"}),
        ({"name": "two\nlines\x1b[31m"}, {"name": "two lines [31m"}),
        ({"name": "n" * 200}, {"name": "n" * 119 + "…"}),
        ({"name": ""}, {}),
        ({"name": 7, "status": 7, "workspaceId": 7, "schedule": 7}, {}),
        ({"status": "INACTIVE"}, {"status": "inactive"}),
        ({"workspaceId": "w"}, {"workspace_id": "w"}),
        ({"workspaceId": "w\n"}, {}),
        ({"schedule": {"scheduleType": "manual"}}, {}),
        ({"schedule": {"scheduleType": None}}, {}),
        (
            {"schedule": {"scheduleType": "cron", "cronExpression": "0 0 * * *"}},
            {"schedule": "cron 0 0 * * *"},
        ),
        (
            {"schedule": {"scheduleType": "basic", "basicTiming": "Every 24 HOURS"}},
            {"schedule": "basic Every 24 HOURS"},
        ),
        ({"schedule": {"scheduleType": "basic"}}, {"schedule": "basic"}),
        ({"schedule": {"scheduleType": ["x"]}}, {"schedule": "['x']"}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_connection(answer, connection):
    expected = Connection(**{"connection_id": UUID, **connection})
    assert connection_from({"connectionId": UUID, **answer}) == expected


@pytest.mark.parametrize(("name", "label"), [(None, "connection c"), ("bank", "connection 'bank' (c)")])
def test_how_texts_name_a_connection(name, label):
    assert Connection(connection_id="c", name=name).label == label


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
JOB_FIELDS = (
    "jobId",
    "status",
    "jobType",
    "connectionId",
    "rowsSynced",
    "bytesSynced",
    "duration",
    "startTime",
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(JOB_FIELDS, JSON)))
def test_every_response_is_a_job_or_a_documented_error(answer):
    try:
        job = job_from(answer)
    except RAISED:
        return
    assert 0 < job.job_id < 2**63
    assert job.rows is None or 0 <= job.rows < 2**63
    assert job_from_json(json.loads(json.dumps(job_as_json(job)))) == job


def test_an_unknown_job_is_active_and_polled():
    assert unknown_job(7, UUID).is_active


@pytest.mark.parametrize(
    ("text", "line"), [("a\r\nb", "a  b"), ("  a ", "a"), ("abcdef", "abcd…"), ("\u202eabc", "abc")]
)
def test_a_line_that_fits_into_a_log(text, line):
    assert printable(text, 5) == line

"""With any document, the whole pipeline ends in diagnostics, and with a valid one in a DAG."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dag_factory.config.diagnostics import has_errors
from dag_factory.config.project import load_project, validate_project
from dag_factory.config.schema.check import DAG_SCHEMA, schema_text
from dag_factory.report.text import render

DEFS = json.loads(schema_text(DAG_SCHEMA))["$defs"]
UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"

KEYS = sorted({*DEFS["dag"]["properties"], *DEFS["sync"]["properties"], *DEFS["schedule"]["properties"]})
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**10),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [UUID, "{{ x }}", "6h", "@daily", "H H * * *", "99 * * * *", "2026-02-30", "a", "b", "UTC", ""]
    ),
    st.text(max_size=5),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.sampled_from([*KEYS, "a", "b", "dev"]), st.text(max_size=3)), inner, max_size=4
        ),
    ),
    max_leaves=12,
)
SYNC = st.one_of(
    st.just(UUID), st.dictionaries(st.sampled_from(sorted(DEFS["sync"]["properties"])), VALUES, max_size=4)
)
DAG = st.fixed_dictionaries(
    {},
    optional={
        **{key: VALUES for key in DEFS["dag"]["properties"]},
        "schedule": st.one_of(st.just("@daily"), VALUES),
        "syncs": st.one_of(st.dictionaries(st.sampled_from(["a", "b", "c.d"]), SYNC, max_size=3), VALUES),
        "environments": st.one_of(
            VALUES, st.dictionaries(st.just("dev"), st.fixed_dictionaries({"syncs": VALUES}))
        ),
        "trigger_dags": st.one_of(
            VALUES, st.lists(st.fixed_dictionaries({}, optional={"dag_id": VALUES, "after": VALUES}))
        ),
    },
)


@pytest.mark.slow
@settings(
    max_examples=400,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(document=DAG, defaults=st.one_of(st.just({}), DAG))
@pytest.mark.timeout(300)
def test_any_document_is_checked(document, defaults, configs):
    root = configs({"a.yaml": json.dumps(document), "defaults.yaml": json.dumps(defaults)})
    findings = validate_project(root, "configs", None, lambda _file: True)
    assert render(findings.diagnostics, findings.files).endswith(" in 2 files\n")
    project = load_project(root, None)
    assert project.dags or has_errors(project.diagnostics)

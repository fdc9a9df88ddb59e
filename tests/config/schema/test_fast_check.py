"""The quick check and jsonschema, made from the same schemas, say yes to the same values."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dag_factory.config.schema.check import DAG_SCHEMA, DEFAULTS_SCHEMA, _acceptor, _validator, schema_text
from dag_factory.config.schema.fast_check import Acceptor
from dag_factory.config.yaml.document import read_source

ROOT = Path(__file__).parents[3]
DEFS = json.loads(schema_text(DAG_SCHEMA))["$defs"]
KEYS = sorted(
    {*DEFS["dag"]["properties"], *DEFS["sync"]["properties"], "cron", "every", "all", "any", "notifier"}
)
LEAVES = st.sampled_from(
    [
        *(
            None,
            True,
            0,
            1,
            -1,
            1.0,
            10**12,
            "",
            "a",
            "6h",
            "0s",
            "a\n",
            "async",
            "2026-01-01",
            "{{ x }}",
            "ä",
        ),
        *("1e3b5a72-7bfd-4808-a13c-204505490110", "airflow://x", "s3://x", "x" * 300, "all_done"),
    ]
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*KEYS, "a", "b c"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def documents_of_the_repository():
    for file in [*(ROOT / "configs").rglob("*.yaml"), *(ROOT / "tests" / "cases").rglob("*.yaml")]:
        # Where aliases make too much of a document it is not whole, and no schema sees it.
        yield from (each.value for each in read_source(file, "a.yaml").documents if each.is_complete)


DOCUMENTS = list(documents_of_the_repository())


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


@st.composite
def changed_documents(draw):
    """A document of the repository with one value in it changed, added or taken away."""
    document = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    path = draw(st.sampled_from(list(places(document))))
    if not path:
        return draw(VALUES)
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    how = draw(st.sampled_from(["change", "add", "delete"]))
    if how == "delete":
        del parent[path[-1]]
    elif how == "add" and isinstance(parent, dict):
        parent[draw(st.sampled_from(KEYS))] = draw(VALUES)
    else:
        parent[path[-1]] = draw(VALUES)
    return document


@pytest.mark.slow
@pytest.mark.parametrize("schema", [DAG_SCHEMA, DEFAULTS_SCHEMA])
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=changed_documents())
def test_both_accept_the_same(schema, document):
    assert _acceptor()(schema)(document) == _validator(schema).is_valid(document)


@pytest.mark.parametrize("schema", [DAG_SCHEMA, DEFAULTS_SCHEMA])
def test_both_accept_the_same_of_the_repositorys_files(schema):
    for document in DOCUMENTS:
        assert _acceptor()(schema)(document) == _validator(schema).is_valid(document)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DEFS))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=VALUES)
def test_both_accept_the_same_for_each_definition(name, value):
    reference = f"{DAG_SCHEMA}#/$defs/{name}"
    assert _acceptor()(reference)(value) == _validator(reference).is_valid(value)


def test_a_pattern_ends_where_the_text_ends():
    """As in JSON Schema; in Python's own `re`, `$` matches before a last line break too."""
    accepts = Acceptor({"a": {"pattern": "^a$"}}).reference("a")
    assert accepts("a")
    assert not accepts("a\n")
    assert not accepts("ab")


def test_an_unknown_keyword_is_refused():
    message = "the schemas use 'multipleOf: 2', which config.acceptance does not know"
    with pytest.raises(ValueError, match=message):
        Acceptor({"a": {"multipleOf": 2}}).reference("a")

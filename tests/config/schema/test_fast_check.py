"""The fast check and jsonschema accept the same values for the same schemas."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dag_factory.config.schema.check import DAG_SCHEMA, DEFAULTS_SCHEMA, _fast_check, _validator, schema_text
from dag_factory.config.schema.fast_check import SchemaCompiler, compile_pattern
from dag_factory.config.text.suggestions import SUGGESTIONS
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
        # A document that is too large because of aliases is incomplete, and not checked against a schema.
        yield from (each.value for each in read_source(file, "a.yaml").documents if each.is_complete)


DOCUMENTS = list(documents_of_the_repository())


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


@st.composite
def changed_documents(draw):
    """Draw a document of the repository with one value changed, added or removed."""
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
@settings(max_examples=1500, suppress_health_check=list(HealthCheck))
@given(document=changed_documents())
def test_both_accept_the_same(schema, document):
    assert _fast_check()(schema)(document) == _validator(schema).is_valid(document)


@pytest.mark.parametrize("schema", [DAG_SCHEMA, DEFAULTS_SCHEMA])
def test_both_accept_the_same_of_the_repositorys_files(schema):
    for document in DOCUMENTS:
        assert _fast_check()(schema)(document) == _validator(schema).is_valid(document)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DEFS))
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(value=VALUES)
def test_both_accept_the_same_for_each_definition(name, value):
    reference = f"{DAG_SCHEMA}#/$defs/{name}"
    assert _fast_check()(reference)(value) == _validator(reference).is_valid(value)


def test_an_unsupported_keyword_is_an_error():
    message = "the schemas use 'multipleOf: 2', which fast_check does not support"
    with pytest.raises(ValueError, match=message):
        SchemaCompiler({"a": {"multipleOf": 2}}).check("a")


def subschemas(schema):
    """Yield every mapping in a schema."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from subschemas(inner)


SUBSCHEMAS = [
    each for name in (DAG_SCHEMA, DEFAULTS_SCHEMA) for each in subschemas(json.loads(schema_text(name)))
]
PATTERNS = sorted({each["pattern"] for each in SUBSCHEMAS if isinstance(each.get("pattern"), str)})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_has_a_dollar_sign_only_at_its_end(pattern):
    assert "$" not in pattern.removesuffix("$")
    assert not pattern.endswith("\\$")


def test_the_end_of_a_pattern_is_the_end_of_the_text():
    assert compile_pattern("^a$").search("a")
    assert not compile_pattern("^a$").search("a\n")
    assert compile_pattern("a").search("a\n")


def test_every_suggestion_of_the_schemas_exists_and_is_used():
    assert {each["x-suggest"] for each in SUBSCHEMAS if "x-suggest" in each} == set(SUGGESTIONS)


def test_a_suggestion_belongs_to_a_pattern_with_a_message():
    for each in SUBSCHEMAS:
        if "x-suggest" in each or "x-template" in each:
            assert {"pattern", "patternErrorMessage"} <= set(each)

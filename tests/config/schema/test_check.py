"""Errors are explained for invalid values alone, and none of them is lost by that."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given, settings

from dag_factory.config.schema import check
from tests.config.schema.test_fast_check import VALUES, documents_of_the_repository


def errors_of(validator, value):
    return [(list(each.absolute_path), each.validator, each.message) for each in validator.iter_errors(value)]


@pytest.fixture(scope="module")
def validators():
    """Return the validator, and one that follows each reference."""
    ours = check._validator(check.DAG_SCHEMA)
    follow = jsonschema.Draft202012Validator.VALIDATORS["$ref"]
    every = jsonschema.validators.extend(type(ours), {"$ref": follow}, type_checker=ours.TYPE_CHECKER)
    return ours, every(ours.schema, registry=ours._registry)


def test_the_same_errors_are_found_in_the_documents_of_the_repository(validators):
    ours, every = validators
    counts = [len(errors_of(every, value)) for value in documents_of_the_repository()]
    assert sum(count > 0 for count in counts) > 100
    assert all(errors_of(ours, value) == errors_of(every, value) for value in documents_of_the_repository())


@settings(max_examples=300)
@given(VALUES)
def test_the_same_errors_are_found_in_any_value(validators, value):
    ours, every = validators
    assert errors_of(ours, value) == errors_of(every, value)

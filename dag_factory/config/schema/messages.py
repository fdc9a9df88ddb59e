"""Turns the errors of the schema into diagnostics about keys, lists and mappings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeAlias

from dag_factory.config.diagnostics import Diagnostic, Severity
from dag_factory.config.schema.type_hints import allowed_types, type_hint, type_name, undo_hint
from dag_factory.config.schema.unknown_keys import Sections, key_hint, section_name
from dag_factory.config.text import suggestions
from dag_factory.config.text.secret_patterns import is_secret_key
from dag_factory.config.text.templates import InvalidTemplate, intended_template_error, unrendered_hint
from dag_factory.config.yaml.document import Document, Location
from dag_factory.config.yaml.values import KeyPath

# jsonschema's ValidationError. By its annotations any field may be unset; of the errors here, none is.
ValidationError: TypeAlias = Any


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaDiagnostic:
    """A diagnostic, the path of the invalid value, and the path of the key that was probably meant."""

    diagnostic: Diagnostic
    path: KeyPath
    meant: KeyPath | None = None


def schema_diagnostics(
    document: Document, error: ValidationError, sections: Sections
) -> Iterator[SchemaDiagnostic]:
    """Explain an error of the schema; one error can be about several keys."""
    location = Location(document=document, path=tuple(error.absolute_path))
    keyword = str(error.validator)
    if keyword == "additionalProperties":
        yield from _unknown_keys(location, error, sections)
    elif keyword == "required":
        yield from _missing_keys(location, error)
    elif "propertyNames" in error.absolute_schema_path:
        yield _bad_name(location, error)
    elif location.path[-2:-1] == ("syncs",) and location.path[-1] in sections["sync"]:
        yield SchemaDiagnostic(diagnostic=misplaced_sync_key(location), path=location.path)
    else:
        yield SchemaDiagnostic(diagnostic=_bad_value(location, error, keyword), path=location.path)


def without_follow_ups(found: Sequence[SchemaDiagnostic]) -> list[Diagnostic]:
    """Leave out what is only a consequence of another error."""
    misplaced = {each.path for each in found if each.diagnostic.code == "misplaced-key"}
    meant = {each.meant for each in found}
    return [each.diagnostic for each in found if not _is_follow_up(each, misplaced, meant)]


def _is_follow_up(each: SchemaDiagnostic, misplaced: set[KeyPath], meant: set[KeyPath | None]) -> bool:
    if each.diagnostic.code == "missing-key":
        return each.path in meant
    # Nothing below a key that has to move is reported.
    depth = range(1, len(each.path) + (each.diagnostic.code != "misplaced-key"))
    return any(each.path[:length] in misplaced for length in depth)


def _unknown_keys(
    location: Location, error: ValidationError, sections: Sections
) -> Iterator[SchemaDiagnostic]:
    known = tuple(error.schema.get("properties", ()))
    for key in error.instance:
        if key in known:
            continue
        at = Location(document=location.document, path=(*location.path, key))
        hint = key_hint(key, location.path, known, sections, location.document.file.search_limit)
        code, message = "unknown-key", f"unknown key '{key}'"
        if hint.section is not None:
            code, message = (
                "misplaced-key",
                f"'{key}' is a key of {section_name(hint.section)} and does not belong here",
            )
        diagnostic = at.diagnostic(code, message, hint.text, of_key=True)
        yield SchemaDiagnostic(diagnostic=diagnostic, path=at.path, meant=hint.meant)


def misplaced_sync_key(location: Location) -> Diagnostic:
    """Report a key of a sync in place of a sync's name."""
    message = f"'{location.path[-1]}' is a key of a sync, but the name of a sync belongs here"
    hint = "write the sync's name above it, and indent the keys below the name"
    return location.diagnostic("misplaced-key", message, hint, of_key=True)


def _missing_keys(location: Location, error: ValidationError) -> Iterator[SchemaDiagnostic]:
    for key in error.validator_value:
        if key not in error.instance:
            message = f"the key '{key}' is missing"
            hint = _misspelt(key, error.instance, location) or _missing_hint(key, location)
            diagnostic = location.diagnostic("missing-key", message, hint, of_key=True)
            yield SchemaDiagnostic(diagnostic=diagnostic, path=(*location.path, key))


def _missing_hint(key: str, location: Location) -> str | None:
    name = location.document.file.name
    if key == "syncs" and name.rpartition("/")[2].partition(".")[0].lower() in ("default", "defaults"):
        return "rename the file to 'defaults.yaml' if it holds the defaults of its folder"
    return _MISSING_HINTS.get(key)


def _misspelt(key: str, keys: Iterable[str], location: Location) -> str | None:
    """Return a hint if one of the keys that are there is like the missing one."""
    limit = location.document.file.search_limit
    alike = next((each for each in islice(keys, _FEW) if suggestions.nearest(each, (key,), limit)), None)
    return None if alike is None else f"did you mean '{key}' instead of '{alike}'?"


# A notifier has no more arguments.
_FEW = 20
_MISSING_HINTS = {
    "syncs": "write 'syncs:' with at least one 'name: connection_id' below it",
    "connection_id": "write the UUID of the Airbyte connection, or its name as 'connection'",
    "notifier": "write the notifier's import path",
    "dag_id": "write the id of the DAG to trigger",
}


def _bad_name(location: Location, error: ValidationError) -> SchemaDiagnostic:
    name = str(error.instance)
    key = Location(document=location.document, path=(*location.path, name))
    noun = "an environment" if location.path[-1:] == ("environments",) else "a sync"
    if error.validator == "maxLength":
        message = f"the name of {noun} is longer than {error.validator_value} characters"
        hint = f"shorten it to {error.validator_value} characters; it has {len(name)}"
    else:
        message, hint = f"'{name}' cannot be the name of {noun}", _pattern_hint(error)
    return SchemaDiagnostic(diagnostic=key.diagnostic("bad-name", message, hint, of_key=True), path=key.path)


def _bad_value(location: Location, error: ValidationError, keyword: str) -> Diagnostic:
    subject = _subject(location.path)
    if keyword == "not":
        hint = _MOVE.get(str(location.path[-1]), "delete it here")
        return location.diagnostic("misplaced-key", error.schema["errorMessage"], hint, of_key=True)
    if keyword == "type":
        message = f"{subject} is {type_name(error.instance)}, not {allowed_types(error)}"
        return location.diagnostic("wrong-type", message, type_hint(error, location.path))
    if keyword == "uniqueItems":
        return _twice(location, error.instance)
    if keyword == "dependentRequired":
        location = Location(document=location.document, path=(*location.path, "timezone"))
        message = f"{subject} has 'timezone' without 'cron'"
        hint = "write 'cron' beside it, or 'timezone' at the top of the document"
        return location.diagnostic("bad-value", message, hint, of_key=True)
    template = _template_error(error, keyword)
    if template is not None:
        return bad_template(template, location, Severity.ERROR)
    unrendered = unrendered_hint(error.instance) if isinstance(error.instance, str) else None
    hint = unrendered or _value_hint(error, location)
    return location.diagnostic("bad-value", f"{subject} {_value_message(error, location.path)}", hint)


def bad_template(error: InvalidTemplate, location: Location, severity: Severity) -> Diagnostic:
    """Report a template that cannot be parsed; under the key of a secret without any part of it."""
    key = _key(location.path)
    if not is_secret_key(key):
        return location.diagnostic("bad-template", error.message, error.hint, severity=severity)
    message = f"the template in '{key}' cannot be parsed"
    diagnostic = location.diagnostic("bad-template", message, _TEMPLATE_HINT, severity=severity)
    return replace(diagnostic, source_line=None)


_TEMPLATE_HINT = "write a template such as {{ conn.my_connection.password }}"


def _template_error(error: ValidationError, keyword: str) -> InvalidTemplate | None:
    """Find the error of a text that was probably meant as a template, where the schema allows one."""
    if keyword != "pattern" or not error.schema.get("x-template"):
        return None
    return intended_template_error(str(error.instance))


_MOVE = {
    **dict.fromkeys(
        ("connection_id", "connection", "depends_on"), "write it on a sync, below its name under 'syncs'"
    ),
    **dict.fromkeys(("dag_id", "syncs"), "move it into the DAG's own file"),
    **dict.fromkeys(("cron", "assets", "timezone"), "keep one of the two"),
    "environments": "write its environments beside this one",
}


def _twice(location: Location, items: list[Any]) -> Diagnostic:
    # As JSON, since for Python True is 1.
    texts = [json.dumps(item, sort_keys=True) for item in items]
    where: dict[str, int] = {}
    second = next(index for index, text in enumerate(texts) if where.setdefault(text, index) != index)
    first = Location(document=location.document, path=(*location.path, where[texts[second]]))
    at = Location(document=location.document, path=(*location.path, second))
    message = f"{_subject(location.path)} contains {_shown(items[second])} twice"
    return at.diagnostic("bad-value", message, "delete one of them", related=(first.related("first here"),))


def _value_message(error: ValidationError, path: KeyPath) -> str:
    keyword = str(error.validator)
    if keyword in ("pattern", "enum"):
        # A sync may be named `password` by mistake.
        return (
            "cannot have this value" if is_secret_key(_key(path)) else f"cannot be {_shown(error.instance)}"
        )
    plural = "" if error.validator_value == 1 else "s"
    return _BOUNDS[keyword].format(bound=error.validator_value, plural=plural)


_BOUNDS = {
    "minLength": "is empty",
    "maxLength": "is longer than {bound} characters",
    "minimum": "is less than {bound}",
    "exclusiveMinimum": "is not greater than {bound}",
    "maximum": "is greater than {bound}",
    "minItems": "is an empty list",
    "minProperties": "is empty",
    "maxProperties": "has more than {bound} key{plural}",
}


def _value_hint(error: ValidationError, location: Location) -> str:
    path = location.path
    keyword = str(error.validator)
    if keyword == "pattern":
        return _pattern_hint(error)
    if keyword == "enum":
        undo = undo_hint(path) if error.instance is None else None
        return undo or _choice_hint(location, str(error.instance), error.validator_value)
    if keyword == "exclusiveMinimum":
        return f"write {error.validator_value + 1} or more"
    if keyword == "minProperties" and path[-1:] == ("syncs",):
        return "write at least one 'name: connection_id' below it"
    if keyword == "maxLength":
        return f"shorten it to {error.validator_value} characters; it has {len(error.instance)}"
    return _bound_hint(keyword, error, path)


def _bound_hint(keyword: str, error: ValidationError, path: KeyPath) -> str:
    if keyword == "maxProperties" and error.validator_value > 1:
        return "split the DAG" if path[-1:] == ("syncs",) else "delete some of them"
    return _BOUND_HINTS[keyword].format(bound=error.validator_value)


_BOUND_HINTS = {
    "minItems": "write at least one item, or delete the key",
    "minLength": "write a value or delete the key",
    "minimum": "write {bound} or more",
    "maximum": "write {bound} or less",
    "minProperties": "write at least one key below it, or delete it",
    "maxProperties": "keep either 'all' or 'any', and write the other one inside its list",
}


def _pattern_hint(error: ValidationError) -> str:
    """Suggest what was probably meant, or describe what is valid."""
    text, description = str(error.instance), str(error.schema["patternErrorMessage"])
    if text != text.strip() and "\n" in text:
        return "write it on the line of its key, without | or >"
    suggestion = error.schema.get("x-suggest")
    suggested = suggestions.value(suggestion, text)
    if suggested is None:
        return description
    # A name does not show which of its characters was wrong; a date or a duration shows its form.
    return f"write {suggested}; {description}" if suggestion == "name" else f"write {suggested}"


# Values that people know from elsewhere.
_OTHER_VALUES = {
    "asynchronous": "async",
    "reschedule": "async",
    "deferrable": "async",
    "synchronous": "sync",
    "poke": "sync",
    "none_failed_or_skipped": "none_failed_min_one_success",
    "dummy": "always",
    "wait": "adopt",
    "attach": "adopt",
    "error": "fail",
    "raise": "fail",
    "kill": "cancel",
    "stop": "cancel",
    "ignore": "leave",
    "keep": "leave",
}


def _choice_hint(location: Location, text: str, choices: Sequence[str]) -> str:
    known = _OTHER_VALUES.get(text.lower())
    if known in choices:
        more = {"deferrable": ", and 'deferrable: true'", "reschedule": ", and 'deferrable: false'"}
        return f"write '{known}'{more.get(text.lower(), '')}"
    similar = suggestions.did_you_mean(text, choices, location.document.file.search_limit)
    return similar or f"write one of {', '.join(choices)}"


def _subject(path: KeyPath) -> str:
    """Name a value by the nearest key above it in its path."""
    key = _key(path)
    if not key:
        return "the document"
    return f"an item of '{key}'" if isinstance(path[-1], int) else f"'{key}'"


def _key(path: KeyPath) -> str:
    """Return the nearest key in a path; empty for a document or an item of one."""
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return type_name(value)  # what it holds may be long, and secret
    return repr(value) if isinstance(value, str) else json.dumps(value)

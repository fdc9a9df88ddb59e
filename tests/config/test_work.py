"""The work for files that are designed to be slow; counted, since times depend on the machine."""

from __future__ import annotations

import difflib
import sys
from collections import Counter
from datetime import date

import jsonschema
import pytest

from dag_factory.config.diagnostics import Diagnostic, Span
from dag_factory.config.project import load_project, validate_project
from dag_factory.config.rules import cycles
from dag_factory.config.rules import syncs as syncs_rules
from dag_factory.config.schema import check
from dag_factory.config.secrets import Secret, hide_secrets
from dag_factory.config.text import secret_patterns
from dag_factory.config.yaml import composer

pytestmark = pytest.mark.slow

UUID = "1e3b5a72-7bfd-4808-a13c-{:012}"
LIKE = "a_rather_long_name_of_a_sync_that_is_like_all_others_{:07}"


def syncs(number, more=""):
    lines = [f"  {LIKE.format(each)}: {{connection_id: {UUID.format(each)}{more}}}" for each in range(number)]
    return "syncs:\n" + "\n".join(lines) + "\n"


def misspelt_dependencies(syncs_of_it=480):
    wrong = ", ".join(LIKE.format(number).replace("name", "nmae") for number in range(6))
    return f"schedule: null\n{syncs(syncs_of_it, f', depends_on: [{wrong}]')}"


def misspelt_in_each_environment():
    wrong = ", ".join(LIKE.format(number).replace("name", "nmae") for number in range(6))
    environments = "".join(
        f"  e{number}: {{syncs: {{{LIKE.format(number)}: {{depends_on: [{wrong}]}}}}}}\n"
        for number in range(10)
    )
    return f"schedule: null\nenvironments:\n{environments}{syncs(480)}"


def unknown_keys():
    documents = [
        f"dag_id: d{number}\nschedule: null\n"
        + "".join(f"retry_dleay_{key}: 1\n" for key in range(90))
        + f"syncs: {{a: {UUID.format(number)}}}\n"
        for number in range(100)
    ]
    return "---\n".join(documents)


def zones():
    return "---\n".join(
        f"dag_id: d{number}\nschedule: null\ntimezone: Europe/Berln{number}\n"
        f"syncs: {{a: {UUID.format(number)}}}\n"
        for number in range(100)
    )


def modes():
    return f"schedule: null\n{syncs(480, ', mode: asnyc, on_running: adpot, trigger_rule: all_succes')}"


def codes():
    return "".join(f"# dag-factory: ignore[no-efect{number}] x\n" for number in range(3000)) + (
        f"schedule: null\nsyncs: {{a: {UUID.format(1)}}}\n"
    )


def overlays():
    environments = "".join(
        f"  e{number}: {{syncs: {{"
        + ", ".join(f"{LIKE.format(each)}x: {{retries: 1}}" for each in range(40))
        + "}}\n"
        for number in range(10)
    )
    return f"schedule: null\nenvironments:\n{environments}{syncs(300)}"


FILES = {
    "misspelt dependencies": misspelt_dependencies,
    "misspelt in each environment": misspelt_in_each_environment,
    "unknown keys": unknown_keys,
    "zones": zones,
    "modes": modes,
    "codes": codes,
    "overlays": overlays,
}


@pytest.fixture
def counted(monkeypatch):
    """Count the rough and the exact comparisons of words."""
    count = Counter()

    class Counting(difflib.SequenceMatcher):
        def quick_ratio(self):
            count["rough"] += 1
            return super().quick_ratio()

        def ratio(self):
            count["exact"] += 1
            count["pairs"] += len(self.a) * len(self.b)
            return super().ratio()

    monkeypatch.setattr(difflib, "SequenceMatcher", Counting)
    return count


@pytest.mark.parametrize("name", FILES)
def test_words_are_compared_a_bounded_number_of_times_for_each_file(name, counted, configs):
    text = FILES[name]()
    root = configs({"a.yaml": text, "b.yaml": text.replace("dag_id: d", "dag_id: other")})
    validate_project(root, "configs", None, lambda _file: True, date(2026, 1, 31))
    assert counted["rough"] > 0
    assert counted["rough"] <= 2 * 40_000
    assert counted["pairs"] <= 2 * 300_000


def test_the_first_errors_still_have_suggestions(configs):
    root = configs({"a.yaml": misspelt_dependencies()})
    found = load_project(root, None).diagnostics
    assert [each.help for each in found[1:4]] == [
        f"did you mean '{LIKE.format(number)}'?" for number in range(1, 4)
    ]
    assert len(found) == 100
    assert max(len(each.help) for each in found) < 2_000


def steps_of(function):
    """Count the lines of Python that a call executes, including each iteration of a one-line loop."""
    count = 0

    def trace(_frame, _event, _argument):
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def growth(make):
    """Return the ratio of steps for ten times the input."""
    few, many = make(100), make(1000)
    few()
    return steps_of(many) / steps_of(few)


def chain(number):
    return {str(each): [str(each + 1)] for each in range(number)} | {str(number): ["0"]}


def dense(number):
    return {str(each): [str((each + step) % number) for step in range(1, 6)] for each in range(number)}


@pytest.mark.parametrize("graph", [chain, dense])
def test_cycles_are_found_in_as_many_steps_as_there_are_edges(graph):
    def make(number):
        edges = graph(number)
        return lambda: cycles.cyclic_edges(edges)

    assert growth(make) < 15


def test_secrets_are_hidden_in_as_many_steps_as_there_are_diagnostics():
    def make(number):
        spans = [Span(line=each, column=1, end_line=each, end_column=9) for each in range(1, number)]
        found = [Diagnostic(file="a", span=span, code="x", message="m") for span in spans]
        secrets = [Secret(diagnostic=each, value=each.span) for each in found]
        return lambda: hide_secrets(found, secrets)

    assert growth(make) < 15


def documents(more):
    return "---\n".join(
        f"dag_id: d{number}\nschedule: null\nsyncs: {{a: {UUID.format(number)}}}\n{more}"
        for number in range(100)
    )


ENVIRONMENTS = "".join(f"  e{number}: {{catchup: false, tags: [a, b], owner: me}}\n" for number in range(18))
EXPLAINED = {
    "an error in each of many large documents": documents(f"environments:\n{ENVIRONMENTS}"),
    "many errors in each document": documents("".join(f"retry_dleay_{key}: 1\n" for key in range(90))),
    "one more error than are explained": documents("retri: 1\ntags: [1]\n"),
}


@pytest.fixture
def explained(monkeypatch):
    """Count the values whose type jsonschema checks."""
    count = Counter()
    plain = jsonschema.Draft202012Validator.VALIDATORS["type"]

    def counted(*arguments):
        count["values"] += 1
        yield from plain(*arguments)

    monkeypatch.setitem(jsonschema.Draft202012Validator.VALIDATORS, "type", counted)
    check._validator.cache_clear()  # it keeps the functions that it was made with
    yield count
    check._validator.cache_clear()


@pytest.mark.parametrize("text", EXPLAINED.values(), ids=EXPLAINED)
def test_only_invalid_values_are_explained_and_few_of_them(text, configs, explained):
    found = validate_project(configs({"a.yaml": text}), "configs", None, lambda _file: True).diagnostics
    assert 0 < explained["values"] < 1_500
    assert len({each.span.line for each in found}) >= 100
    assert len(found) < 300


def test_a_file_is_read_up_to_the_limit_of_values(configs, monkeypatch):
    read = Counter()
    plain = composer.scalar_value

    def counted(node):
        read[""] += 1
        return plain(node)

    monkeypatch.setattr(composer, "scalar_value", counted)
    many = "".join(f"  a{key}: [1]\n" for key in range(200))
    text = documents("").replace("syncs: {", f"syncs:\n{many}  b: {{")
    found = validate_project(configs({"a.yaml": text}), "configs", None, lambda _file: True).diagnostics
    assert {each.code for each in found} >= {"unreadable-file"}
    assert read[""] < 10_000


def document_with(number, more):
    return f"schedule: null\n{more(number)}syncs:\n  money: {UUID.format(0)}\n"


GROWING = {
    "tags of many kinds": lambda number: (
        f"tags: [{', '.join(f'{{a: {n}}}, x{n}' for n in range(number // 2))}]\n"
    ),
    "a tag twice at the end": lambda number: f"tags: [{', '.join(f't{n}' for n in range(number))}, t0]\n",
    "conf": lambda number: (
        f"trigger_dags: [{{dag_id: a, conf: {{{', '.join(f'k{n}: {n}' for n in range(number))}}}}}]\n"
    ),
    "secrets": lambda number: (
        f"trigger_dags: [{{dag_id: a, conf: [{', '.join(f'password={n:08}' for n in range(number))}]}}]\n"
    ),
    "triggered twice": lambda number: f"trigger_dags: [{', '.join(['a'] * number)}]\n",
    "comments": lambda number: "# dag-factory: ignore[no-effect] x\n" * number,
    "a long text": lambda number: f"description: {'x ' * number * 50}\n",
    "keys": lambda number: "".join(f"k{n}: 1\n" for n in range(number)),
}


@pytest.mark.parametrize("what", GROWING)
def test_a_file_takes_as_many_steps_as_it_has_values(what, configs):
    def make(number):
        root = configs({f"{number}/a.yaml": document_with(number, GROWING[what])})
        return lambda: validate_project(root / str(number), "configs", None, lambda _file: True)

    assert growth(make) < 20


def test_a_folder_takes_as_many_steps_as_it_has_files(configs):
    def make(number):
        names = [f"{number}/team{each}/" for each in range(number // 10)]
        files = {f"{name}defaults.yaml": "catchup: true\nowner: me\n" for name in names}
        files |= {
            f"{name}a.yaml": f"schedule: null\nowner: x\nsyncs: {{a: {UUID.format(each)}}}\n"
            "environments: {e: {owner: y}}\n"
            for each, name in enumerate(names)
        }
        root = configs(files)
        return lambda: validate_project(root / str(number), "configs", None, lambda _file: True)

    assert growth(make) < 20


def test_a_long_line_is_searched_for_secrets_once_for_all_its_errors(configs, monkeypatch):
    searched = Counter()
    plain = secret_patterns.redacted

    def counted(text):
        searched[len(text) > 100_000] += 1
        return plain(text)

    monkeypatch.setattr(secret_patterns, "redacted", counted)
    numbers = ", ".join(map(str, range(9000)))
    root = configs({"a.yaml": f"tags: [{numbers}{' ' * 150_000}]\nschedule: null\n{syncs(1)}"})
    assert len(validate_project(root, "configs", None, lambda _file: True).diagnostics) == 101
    assert searched[True] <= 2


def test_slips_are_found_in_as_many_steps_as_there_are_names():
    def make(number):
        names = [f"a{each:05}" for each in range(number)]
        return lambda: [slips.meant_by(name) for slips in [syncs_rules._Slips(names)] for name in names]

    assert growth(make) < 15

"""Suppression comments: found exactly where YAML sees a comment."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dag_factory.config.codes import CODES, ERRORS, WARNINGS
from dag_factory.config.project import load_dag, load_project, validate_project
from dag_factory.config.yaml import composer
from dag_factory.config.yaml.document import parse_source
from dag_factory.config.yaml.ignore_comments import read_ignores

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
IGNORE = "# dag-factory: ignore[no-effect] why"
# A warning in the last line.
WARNED = f"schedule: null\nsyncs:\n  money:\n    connection_id: {UUID}\n    max_retry_delay: 5m"
CASES = Path(__file__).parents[1] / "cases"
# Codes that no golden case can show: see tests/test_cases.py.
NO_CASES = {"airflow-refused", "drift", "internal-error", "nothing-to-check"}


def found(text):
    """Return line, column and code of each ignore, and the errors of the comments."""
    ignores, errors = read_ignores("a.yaml", text)
    return [(each.line, each.span.line, each.span.column, each.code) for each in ignores], errors


def findings_of(root, **options):
    findings = validate_project(root, "configs", None, options.get("wanted", lambda _file: True))
    return [(each.file, each.span.line, each.code) for each in findings.diagnostics]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (f"a: 1 {IGNORE}\n", 28),
        (f"a: 1\t{IGNORE}\n", 28),
        (f"a: é \N{GRINNING FACE} {IGNORE}\n", 30),
        (f"a: 'x # y' {IGNORE}\n", 34),
        (f"a: 'it''s' {IGNORE}\n", 34),
        (f'a: "\\"" {IGNORE}\n', 31),
        (f"a: x#y {IGNORE}\n", 30),
        (f"a: [1, # no\n 2] {IGNORE}\n", 27),
        (f"a: [1]{IGNORE}\n", 29),
        (f"a: &x !!str b {IGNORE}\n", 37),
        (f"a: | {IGNORE}\n  text\n", 28),
        (f"a: >2- {IGNORE}\n  text\n", 30),
        (f"a: {IGNORE}\n  b: 1\n", 26),
        (f"a:\n- b {IGNORE}\n", 27),
        (f"a: 1\n...\n--- {IGNORE}\nb: 1\n", 27),
        (f"a: |\n  text\n {IGNORE}\nb: 1\n", 24),
        (f"a: 1 {IGNORE}", 28),
        (f"a: 1\r\nb: 2 {IGNORE}\r\n", 28),
        ("a: 1 #dag-factory:ignore[no-effect]why\n", 26),
        ("a: 1 #  dag-factory:  ignore  [ no-effect ]: why\n", 33),
    ],
)
def test_a_comment_is_found_in_its_column(text, column):
    (each,), errors = found(text)
    assert each[2:] == (column, "no-effect")
    assert each[0] == each[1] == text[: text.index("no-effect")].count("\n") + 1
    assert errors == ()


@pytest.mark.parametrize(
    "text",
    [
        f"a: 'x {IGNORE}'\n",
        f'a: "x {IGNORE}"\n',
        f"a: 'x\n  {IGNORE}\n  y'\n",
        f"a: |\n  text {IGNORE}\n",
        f"a: |\n  text\n  {IGNORE}\n",
        f"a: >\n\n  {IGNORE}\n",
        f"a: x{IGNORE}\n",
        f"a: 1 # as in {IGNORE}\n",
        "a: 1 # dag-factory: ignored by all\n",
        "a: 1 # dag-factory: ignore-me\n",
        "a: 1 # dag-factory ignore[no-effect] why\n",
    ],
)
def test_other_text_is_not_a_suppression(text):
    assert found(text) == ([], ())


def test_comments_at_the_top_apply_to_the_whole_file():
    two = "# dag-factory: ignore[same-connection, far-start-date] why"
    text = f"# A title\n\n  {IGNORE}\n{two}\na: 1 {IGNORE}\n"
    assert [each[0::3] for each in found(text)[0]] == [
        (None, "no-effect"),
        (None, "same-connection"),
        (None, "far-start-date"),
        (5, "no-effect"),
    ]


@pytest.mark.parametrize(
    ("comment", "columns", "message", "help_"),
    [
        (
            "# dag-factory: ignore no-effect",
            (6, 37),
            "the comment names no code to ignore",
            "write '# dag-factory: ignore[code] reason'",
        ),
        (
            "# dag-factory: ignore[ , ] why",
            (6, 36),
            "the comment names no code to ignore",
            "write '# dag-factory: ignore[code] reason'",
        ),
        (
            "# dag-factory: ignore[no-effect]  --",
            (6, 42),
            "the comment gives no reason",
            "say why: '# dag-factory: ignore[no-effect] reason'",
        ),
        (
            "# dag-factory: ignore[noeffect] why",
            (28, 36),
            "there is no code 'noeffect'",
            "did you mean 'no-effect'?",
        ),
        (
            "# dag-factory: ignore[bad-cron] why",
            (28, 36),
            "the error 'bad-cron' cannot be ignored",
            "correct the error itself; only warnings and 'secret' can be ignored",
        ),
        (
            "# dag-factory: ignore[unused-ignore] why",
            (28, 41),
            "'unused-ignore' cannot be ignored",
            "delete the comment that hides nothing",
        ),
    ],
)
def test_an_invalid_comment_is_reported(comment, columns, message, help_):
    _, (error,) = found(f"a: 1 {comment}\n")
    assert (error.span.column, error.span.end_column) == columns
    assert (error.code, error.message, error.help) == ("bad-ignore", message, help_)
    assert error.source_line == f"a: 1 {comment}"


def test_a_warning_is_suppressed_on_its_line_and_in_its_file(configs):
    assert findings_of(configs({"money.yaml": WARNED})) == [("configs/money.yaml", 5, "no-effect")]
    assert findings_of(configs({"money.yaml": f"{WARNED} {IGNORE}\n"})) == []
    assert findings_of(configs({"money.yaml": f"{IGNORE}\n{WARNED}\n"})) == []
    assert findings_of(configs({"money.yaml": f"{WARNED}\n    {IGNORE}\n"})) == [
        ("configs/money.yaml", 5, "no-effect"),
        ("configs/money.yaml", 6, "unused-ignore"),
    ]


def test_the_loader_does_not_report_it_either(configs):
    root = configs({"money.yaml": f"{WARNED} {IGNORE}\n"})
    project = load_project(root, None)
    assert ([dag.dag_id for dag in project.dags], project.diagnostics) == (["money"], ())


def test_a_warning_only_in_an_environment_is_suppressed_too(configs):
    dev = "environments:\n  dev:\n    defaults: {max_retry_delay: 5m}"
    text = f"schedule: null\nsyncs:\n  money: {UUID}\n{dev}"
    assert [code for *_, code in findings_of(configs({"money.yaml": text}))] == ["no-effect"]
    assert findings_of(configs({"money.yaml": f"{text} {IGNORE}\n"})) == []


def test_a_secret_can_be_ignored_but_no_other_error_of_its_value(configs):
    why = "# dag-factory: ignore[secret] a made-up one"
    text = (
        f"schedule: null\nsyncs: {{money: {UUID}}}\ntrigger_dags: [{{dag_id: x, conf: {{password: sesame}}}}]"
    )
    assert findings_of(configs({"money.yaml": text})) == [("configs/money.yaml", 3, "secret")]
    assert findings_of(configs({"money.yaml": f"{text} {why}"})) == []
    wrong = f"schedule: null\nsyncs: {{money: {UUID}}}\nowner: [AKIAQ3EGX2VMPLK7TWYS] {why}\n"
    assert findings_of(configs({"money.yaml": wrong})) == [("configs/money.yaml", 3, "wrong-type")]


def test_an_invalid_comment_holds_back_the_dags_of_its_file(configs):
    root = configs({"money.yaml": f"{WARNED} {IGNORE.replace(' why', '')}\n", "other.yaml": WARNED})
    assert [dag.dag_id for dag in load_project(root, None).dags] == ["other"]
    assert load_dag(root, None, "money") is None
    assert [code for file, _, code in findings_of(root) if "money" in file] == ["bad-ignore"]


def test_unused_ignores_are_reported_only_when_everything_is_checked(configs):
    files = {"a.yaml": f"{WARNED.replace('    max_retry_delay: 5m', '')} {IGNORE}\n"}
    assert findings_of(configs(files)) == [("configs/a.yaml", 5, "unused-ignore")]
    root = configs({**files, "b.yaml": "schedule: null\nsyncs: {}\n"})
    assert findings_of(root) == [("configs/b.yaml", 2, "bad-value")]
    assert findings_of(root, wanted=lambda file: file.stem == "a") == []


def test_comments_in_a_file_with_syntax_errors_have_no_effect(configs):
    root = configs({"a.yaml": "# dag-factory: ignore[nonsense]\na: [\n"})
    assert [code for *_, code in findings_of(root)] == ["yaml-syntax"]


def test_every_code_of_the_golden_cases_is_listed_with_its_severity():
    lines = re.findall(r": (error|warning): .* \[([a-z-]+)\]$", outputs_of_cases(), re.MULTILINE)
    assert {code for _, code in lines} <= set(CODES)
    assert {code for severity, code in lines if severity == "warning"} == set(WARNINGS)
    assert {code for severity, code in lines if severity == "error"} >= set(ERRORS) - NO_CASES


def test_no_code_is_both_an_error_and_a_warning():
    assert set(ERRORS) & set(WARNINGS) == set()


def outputs_of_cases():
    return "\n".join(path.read_text("utf-8") for path in CASES.rglob("*.out"))


FORMS = [
    "{key}: 1 {it}",
    "{key}: x{it} y",
    "{key}: 'it''s {it}' {it}",
    '{key}: "\\"{it}" {it}',
    "{key}: 'a\n  {it}\n  b' {it}",
    "{key}: | {it}\n  x {it}\n  {it}\n {it}",
    "{key}: >+2 {it}\n    {it}\n\n  x\n{it}\n",
    "{key}: |-\n\n  {it}",
    "{key}: [1,{it}\n  'x {it}', {it}\n  y]{it}",
    "{key}: {{\"a\": {it}\n  b, c: &x{key} 'd' }} {it}",
    "{key}:{it}",
    "{key}: {it}\n  - a b {it}\n  -  {it}\n  -   - 'c'{it}",
    "{key}: a b # c {it}",
    "{key}: plain\n  text {it}",
    "? {key} {it}\n: x {it}",
    "--- {it}\n{key}: !!str x {it}",
    "... {it}\n---\n{key}: \N{GRINNING FACE} é {it}",
    "  {it}",
    "\t{it}",
]
TEXTS = st.tuples(st.lists(st.sampled_from(FORMS), max_size=8), st.sampled_from(["\n", "\r\n", "\r"]))


def text_of(forms, line_break):
    lines = [form.format(key=f"k{number}", it=IGNORE) for number, form in enumerate(forms)]
    return "\n".join([*lines, ""]).replace("\n", line_break)


def values(text):
    source = parse_source(text.encode(), "a.yaml")
    return None if source.diagnostics else [document.value for document in source.documents]


@pytest.mark.slow
@pytest.mark.parametrize("parser", [yaml.CSafeLoader, yaml.SafeLoader])
@settings(max_examples=300)
@given(drawn=TEXTS)
def test_a_comment_is_text_that_yaml_ignores(parser, drawn):
    text = text_of(*drawn)
    whole = values(text)
    assume(whole is not None)
    ignores = {(each.span.line, each.span.column - 22) for each in read_with(parser, text)[0]}
    for match in re.finditer(re.escape(IGNORE), text):
        before = re.split("\r\n|\n|\r", text[: match.start()])
        other = text[: match.start()] + IGNORE.replace("why", "who") + text[match.end() :]
        # A comment inside another comment has no effect.
        is_comment = values(other) == whole and not before[-1].endswith("# c ")
        assert ((len(before), len(before[-1]) + 1) in ignores) == is_comment


def read_with(parser, text):
    with_our_tags = type("Composer", (parser,), {"resolve": composer.Composer.resolve})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(composer, "Composer", with_our_tags)
        return read_ignores("a.yaml", text)


def test_a_file_full_of_comments_is_read_quickly():
    text = "a: 1\n" + "# dag-factory: ignore[nonsense, no-effect] why\n" * 20_000
    started = time.perf_counter()
    ignores, errors = read_ignores("a.yaml", text)
    assert (len(ignores), len(errors)) == (100, 100)
    assert time.perf_counter() - started < 5
    assert len(read_ignores("a.yaml", text.replace("nonsense, ", ""))[0]) == 20_000
    one_line = "a: 1 " + " " * 500_000 + "# x" + "# dag-factory: ignore[no-effect] why" * 10_000
    assert read_ignores("a.yaml", one_line) == ((), ())
    quoted = "a: '" + "# dag-factory: ignore[no-effect] why" * 20_000 + "'"
    assert read_ignores("a.yaml", quoted) == ((), ())
    assert time.perf_counter() - started < 5


def test_ignored_findings_hide_no_others(configs):
    ignored = "".join(
        f"- {{dag_id: x{number}, conf: {{token: example{number}}}}} # dag-factory: ignore[secret] a test\n"
        for number in range(120)
    )
    text = f"schedule: null\nsyncs: {{money: {UUID}}}\ntrigger_dags:\n{ignored}"
    root = configs({"a.yaml": text + "- {dag_id: y, conf: {password: other-example}}\n"})
    found = validate_project(root, "configs", None, lambda _file: True).diagnostics
    assert [(each.code, each.span.line) for each in found] == [("secret", 124)]


def test_ignored_warnings_do_not_use_up_the_limit(configs):
    ignored = "".join(
        f"  s{number}: {{connection_id: {UUID}, max_retry_delay: 5m}} {IGNORE}\n" for number in range(120)
    )
    text = f"schedule: null\nsyncs:\n{ignored}"
    root = configs({"a.yaml": f"{text}  last: {{connection_id: {UUID}, max_retry_delay: 5m}}\n"})
    found = validate_project(root, "configs", None, lambda _file: True).diagnostics
    assert [each.span.line for each in found if each.code == "no-effect"] == [123]
    assert not [each for each in found if each.code == "unused-ignore"]

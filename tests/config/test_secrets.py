"""Detection of secrets, and that no output shows one."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dag_factory.config.project import load_project, validate_project
from dag_factory.config.secrets import find_secrets, redacted_value, shown_text
from dag_factory.config.text.secret_patterns import (
    _KEY,
    hidden_lines,
    is_harmless,
    is_secret_key,
    may_hold_secret,
    redacted,
    shape_of,
)
from dag_factory.config.text.secret_shapes import SHAPES
from dag_factory.config.yaml.document import Location, parse_source
from dag_factory.report.formats import FORMATS, renderer
from dag_factory.report.text import render

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
GOOD = f"schedule: null\nsyncs:\n  money: {UUID}\n"

# In addition to the examples of the table; built from parts, so that secret scanners do not flag this file.
TOKENS = [
    *(shape.example for shape in SHAPES),
    "-----BEGIN " + "PRIVATE KEY-----",
    "see postgresql+psycopg2://me:" + "open-sesame@db/money",
    "Endpoint=sb://x;SharedAccess" + "Signature=" + "example0" * 4,
]

# Characters that may precede a token without being part of it.
BEFORE = ["ö", "é", "中", "\u00a0", ":", '"']

HARMLESS = [
    UUID,
    f"airbyte://airbyte_default/{UUID}",
    "s3://bucket/key=1/money",
    "airflow.providers.slack.notifications.slack.SlackNotifier",
    "https://me@example.com/x",
    "https://{{ conn.db.login }}:{{ conn.db.password }}@example.com",
    "postgres://localhost:5432/money",
    "the bearer of bad news arrives at 8:00",
    "basic authentication is what they ask for",
    "tokens are renewed; passwords are not",
    "https://example.com/x?a=b&key=value",
    "someone@example.com",
    "H 3 * * *",
    "a" * 500,
]


@pytest.mark.parametrize("before", BEFORE)
def test_a_letter_before_a_token_does_not_hide_it(before):
    token = "gh" + "p_" + "example0" * 5
    assert shape_of(before + token) == "a GitHub token"
    assert token not in redacted(before + token)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.example[:12])
def test_each_shape_is_found_in_its_example(shape):
    assert re.search(shape.pattern, shape.example)
    assert shape_of(shape.example) == shape.name


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.example[:12])
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_match_of_a_shape_contains_one_of_its_markers(shape, data):
    text = data.draw(st.from_regex(re.compile(shape.pattern, re.ASCII)))
    assert any(mark in text.casefold() for mark in shape.marks)
    assert may_hold_secret(text)


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.from_regex(re.compile(_KEY), fullmatch=True))
def test_a_file_with_the_key_of_a_secret_is_searched(key):
    assert may_hold_secret(key)


@pytest.mark.parametrize("text", TOKENS)
def test_a_token_is_recognised(text):
    assert shape_of(text) is not None
    assert shape_of(f"before it {text} after it") is not None


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_not_a_token(text):
    assert shape_of(text) is None


@pytest.mark.parametrize(
    "key", ["password", "db_password", "apiKey", "api-key", "Token", "client_secret", "privateKey", "pwd"]
)
def test_a_secret_key_is_recognised_by_its_last_word(key):
    assert is_secret_key(key)


@pytest.mark.parametrize("key", ["max_tokens", "token_url", "secret_name", "keys", "compass", "password_age"])
def test_a_key_about_a_secret_is_not_a_secret_key(key):
    assert not is_secret_key(key)


@pytest.mark.parametrize(
    "value", ["", " ", "{{ conn.x.password }}", "${TOKEN}", "$TOKEN", "<token>", "***", UUID, "..."]
)
def test_placeholders_are_harmless(value):
    assert is_harmless(value)


def all_messages(configs, text):
    root = configs({"money.yaml": text})
    findings = validate_project(root, "configs", None, lambda _file: True, date(2026, 1, 31))
    return render([*findings.diagnostics, *load_project(root, None).diagnostics], findings.files)


PLACES = [
    "description: {}",
    "owner: {}",
    "schedule: {}",
    "timezone: {}",
    "start_date: {}",
    "dag_id: {}",
    "airbyte_conn_id: {}",
    "tags: [{}, {}]",
    "max_active_runs: {}",
    "catchup: {}",
    "nope: {}",
    "trigger_dags: [{}]",
    "trigger_dags: [{{dag_id: a, after: [{}]}}]",
    "notify: {{on_failure: [{{notifier: {}}}]}}",
    "defaults: {{mode: {}, timeout: {}, pool: {}, outlets: [{}]}}",
    "schedule: {{assets: [{}]}}",
    "schedule: {{every: {}}}",
    "environments: {{dev: {{timezone: {}, syncs: {{money: {{depends_on: [{}]}}}}}}}}",
    "description: {}\ndescription: {}",
    "description: {} {}: [",
    "description: [{}",
]


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("token", TOKENS)
def test_no_message_shows_a_token(place, token, configs):
    text = place.format(*[f'"{token}"'] * place.count("{}"))
    messages = all_messages(configs, f"{text}\n{GOOD if 'schedule' not in text else GOOD.split('null')[1]}")
    assert messages
    assert token not in messages
    assert "sesame" not in messages


def test_a_value_under_a_secret_key_is_not_shown_by_another_error_on_its_line(configs):
    messages = all_messages(configs, GOOD + "trigger_dags: [{dag_id: a b, conf: {password: open-sesame}}]\n")
    assert "[bad-value]" in messages
    assert "[secret]" in messages
    assert "sesame" not in messages


def test_an_invalid_comment_does_not_show_the_secret_before_it(configs):
    messages = all_messages(
        configs,
        GOOD
        + "trigger_dags:\n  - dag_id: a\n    conf: {password: open-sesame} # dag-factory: ignore[nope] x\n",
    )
    assert "[bad-ignore]" in messages
    assert "sesame" not in messages


def test_all_lines_of_a_multiline_secret_are_hidden():
    text = "a: 1\nnotify:\n  password: >\n    open\n\n    sesame\n  text: x\n"
    assert hidden_lines(text) == {3, 4, 5, 6}


def test_a_template_under_a_secret_key_is_shown():
    assert hidden_lines('password: "{{ conn.x.password }}"\nowner: x\n') == frozenset()


def test_a_dag_with_a_secret_is_still_loaded(configs):
    root = configs({"money.yaml": GOOD + "description: Bearer " + "example0" * 3 + "\n"})
    project = load_project(root, None)
    assert [dag.dag_id for dag in project.dags] == ["money"]
    assert project.diagnostics == ()


@given(st.text(alphabet=st.sampled_from("ab{}%$:/@?&=. -_" + "Key"), max_size=300))
def test_any_text_is_handled(text):
    assert shape_of(text) is None or isinstance(shape_of(text), str)
    assert isinstance(is_harmless(text), bool)
    assert isinstance(hidden_lines(f"password: {text}"), frozenset)


SECRET_PARTS = st.recursive(
    st.sampled_from(["hunter2-one", "hunter2-two", "plain", "{{ var.value.x }}", TOKENS[0]]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["name", "value", "db_password", "env", "x"]), inner, max_size=4),
        st.fixed_dictionaries(
            {"name": st.sampled_from(["DB_PASSWORD", "x", "password", "value"]), "value": inner}
        ),
    ),
    max_leaves=12,
)


@given(SECRET_PARTS)
@example([{"name": "DB_PASSWORD", "value": "hunter2-one"}])
@example({"db_password": {"value": "hunter2-one"}})
@example({"env": "hunter2-one", "db_password": "hunter2-one"})
def test_show_leaves_out_every_value_that_validate_reports(conf):
    text = yaml.safe_dump({"conf": conf}, default_flow_style=False)
    (document,) = parse_source(text.encode(), "x.yaml").documents
    found = [each for each in find_secrets(document) if "this key" not in each.diagnostic.message]
    shown = json.dumps(redacted_value(conf, "conf", Location(document=document, path=("conf",))))
    if not document.file.hidden_lines:
        assert shown.count("(a secret)") == len(found)
    assert shown.count("(a secret)") >= len(found)


@pytest.mark.parametrize(
    "text",
    [
        "conf: {password: {value: hunter2-one}}",
        "conf: {PGPASSWORD: hunter2-one}",
        "conf:\n  k: |\n    hello\n    password: hunter2-one",
        'conf: {extra: \'{"password": "hunter2-one"}\'}',
        "conf: {k: 'token=hunter2-one'}",
        "conf: {n: &x hunter2-one, password: *x}",
        "conf:\n  n: &x hunter2-one\n  password: *x",
    ],
)
def test_show_hides_what_the_dags_docs_hide(text):
    (document,) = parse_source(text.encode(), "x.yaml").documents
    value = document.value["conf"]
    assert "hunter2" not in json.dumps(
        redacted_value(value, "conf", Location(document=document, path=("conf",)))
    )
    assert "hunter2" not in shown_text(document)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["a", "://a:", "eyJ", "password", "bearer ", "{{", "gh", "?token=", "pwd=", " "]
)
def test_long_texts_are_searched_quickly(piece):
    # The timeout is the test: a pattern with catastrophic backtracking would take hours.
    text = piece * (1_000_000 // len(piece))
    shape_of(text)
    assert hidden_lines(text) <= {1}


KEY_PLACES = [
    "{}: 1",
    "{}: 1\n{}: 2",
    "? {}\n: 1",
    "notify: {{{}: []}}",
    "defaults: {{{}: 1}}",
    "environments: {{{}: {{timezone: nowhere, owner: []}}}}",
    "environments: {{dev: {{{}: 1}}}}",
    "trigger_dags: [{{{}: a}}]",
    "trigger_dags: [{{dag_id: a, conf: {{{}: {{deeper: 1}}}}}}, {{dag_id: a, conf: {{{}: {{deeper: 1}}}}}}]",
    "trigger_dags: [{{dag_id: a, conf: {{password: {}}}}}, {{dag_id: a, conf: {{password: {}}}}}]",
    "schedule: {{{}: 1}}",
    "x: *{}",
    "x: !{} 1",
    "# dag-factory: ignore[{}] x",
    "# dag-factory: ignore[nope] {}",
    "# dag-factory: ignore[no-effect] {}",
]


@pytest.mark.slow
@pytest.mark.parametrize("place", KEY_PLACES)
@pytest.mark.parametrize("token", TOKENS)
def test_no_message_shows_a_token_outside_values(place, token, configs):
    quoted = token if place.startswith("#") else f'"{token}"'
    text = place.format(*[quoted] * place.count("{}"))
    messages = all_messages(configs, f"{text}\n{GOOD if 'schedule' not in text else GOOD.split('null')[1]}")
    assert messages
    assert token not in messages
    assert "sesame" not in messages


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_as_the_name_of_a_sync_is_reported_but_not_shown(token, configs):
    messages = all_messages(configs, f'schedule: null\nsyncs:\n  "{token}": {UUID}\n')
    assert "this key looks like" in messages
    assert token not in messages
    assert "sesame" not in messages


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("token", TOKENS)
def test_no_format_shows_a_token(style, token, configs):
    root = configs({"money.yaml": f'{GOOD}"{token}": "{token}"\ndoc_md: [{{"{token}": "{token}"}}]\n'})
    findings = validate_project(root, "configs", None, lambda _file: True, date(2026, 1, 31))
    report = renderer(style)(findings.diagnostics, findings.files)
    assert token not in report
    assert "sesame" not in report
    assert findings.diagnostics


@pytest.mark.parametrize("token", TOKENS)
def test_redaction_keeps_the_text_around_the_token(token):
    assert token not in redacted(f"before it {token} after it")
    assert redacted(f"before it {token} after it").startswith("before it ")
    assert redacted("tokens are renewed; passwords are not") == "tokens are renewed; passwords are not"


def test_a_secret_inside_another_one_is_redacted_with_it():
    token = "gh" + "p_" + "example0" * 5
    assert redacted("a pass" + f"word={token}!open-sesame b {token} c") == "a *** b *** c"


def test_a_whole_private_key_is_redacted():
    assert redacted("a -----BEGIN " + "PRIVATE KEY----- open sesame") == "a ***"


def test_a_document_is_shown_without_the_lines_of_secrets():
    text = (
        "a: 1\n--- # password=open-sesame\nb: &it open-sesame\npassword: *it\n"
        "notify:\n  text: >\n    password=open-sesame\n  last: 1\n--- # x\nc: 2\n"
    )
    first, second, third = parse_source(text.encode(), "x.yaml").documents
    remark = "# not shown: it may hold a secret"
    assert (shown_text(first), shown_text(third)) == ("a: 1", " # x\nc: 2")
    assert "sesame" not in shown_text(second)
    assert [line.strip() for line in shown_text(second).splitlines()][:3] == [remark] * 3
    assert shown_text(second).splitlines()[-1] == "  last: 1"


@pytest.mark.parametrize(
    "line",
    [
        "password: !hunter2xyz",
        "password: !hunter2xyz x",
        "password: !!hunter2xyz x",
        "password: [!hunter2xyz x]",
        "password: {hunter2xyz: 1, hunter2xyz: 2}",
        '\'{"password": "hunter2xyz"}\'',
        '"--password hunter2xyz"',
        "password_prod: hunter2xyz",
        "passwordProd: hunter2xyz",
        "api_key_2: hunter2xyz",
        "apitoken: hunter2xyz",
        "ssh_key: hunter2xyz",
        "Authorization: hunter2xyz",
        "secret_value: hunter2xyz",
    ],
)
@pytest.mark.parametrize("style", FORMATS)
def test_no_format_shows_a_password(style, line, configs):
    is_pair = not line.startswith(("'", '"'))
    conf = f"      {line}\n" if is_pair else f"      args: [{line}]\n"
    root = configs({"a.yaml": f"{GOOD}trigger_dags:\n  - dag_id: x\n    conf:\n{conf}"})
    findings = validate_project(root, "configs", None, lambda _file: True)
    report = renderer(style)(findings.diagnostics, findings.files)
    assert findings.diagnostics
    assert "hunter2xyz" not in report


@pytest.mark.parametrize(
    "text",
    [
        "conf:\n  private_key: |\n      -----BEGIN RSA "
        + "PRIVATE KEY-----\n      MIIE\n hunter2xyz\n      x",
        "password: |\n\thunter2xyz",
        "password:\n\t hunter2xyz",
        "password: |\n  x\n hunter2xyz",
        "password: 'abc\nhunter2xyz' x",
        "conf:\n  password: {value:\n  @hunter2xyz}",
        "conf:\n  password: [\n  hunter2xyz: @]",
        "? password\n: @hunter2xyz",
        "? password\n:\n@hunter2xyz",
        "Authorization:\n@Bearer hunter2xyz",
        "- name: PASSWORD\n  value: @hunter2xyz",
    ],
)
def test_an_error_of_the_syntax_shows_no_password(text, configs):
    findings = validate_project(configs({"a.yaml": text}), "configs", None, lambda _file: True)
    assert {each.code for each in findings.diagnostics} == {"yaml-syntax"}
    for style in FORMATS:
        assert "hunter2xyz" not in renderer(style)(findings.diagnostics, findings.files)


def test_a_wrong_value_of_a_sync_named_like_a_secret_is_not_shown(configs):
    messages = all_messages(configs, "schedule: null\nsyncs:\n  password: hunter2xyz\n")
    assert "the connection cannot be looked up" in messages
    assert "hunter2xyz" not in messages


@pytest.mark.parametrize(
    "key", ["token_url", "secret_name", "password_file", "max_tokens", "token_type", "primary_key"]
)
def test_keys_about_secrets_are_no_secrets(key):
    assert not is_secret_key(key)


def test_show_hides_more_than_a_hundred_secrets():
    lines = "".join(f"      k{number}_password: hunter2xyz\n" for number in range(300))
    source = parse_source(f"{GOOD}trigger_dags:\n  - dag_id: x\n    conf:\n{lines}".encode(), "a.yaml")
    assert len(find_secrets(source.documents[0])) == 300


def test_a_secret_that_aliases_repeat_is_found_once():
    lines = "".join(f"a{number}: &a{number} [*a{number - 1}, *a{number - 1}]\n" for number in range(1, 10))
    source = parse_source(f"a0: &a0 [password: hunter22]\n{lines}".encode(), "a.yaml")
    assert source.documents[0].is_complete
    assert len(find_secrets(source.documents[0])) == 1


def test_the_key_above_an_alias_counts():
    source = parse_source(
        b"x: &x {value: hunter22}\npasswords: [*x]\ntokens: {password: *x, y: *x}\n", "a.yaml"
    )
    assert len(find_secrets(source.documents[0])) == 0
    source = parse_source(b"x: &x [hunter22]\npassword: *x\n", "a.yaml")
    assert [each.diagnostic.code for each in find_secrets(source.documents[0])] == ["secret"]

"""Suggestions of what was probably meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.config.text import suggestions

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("1 hour", "1h"),
        ("1h 30m", "1h30m"),
        ("1:30", "1h30m"),
        ("0:00:90", "1m30s"),
        ("PT6H", "6h"),
        ("P1DT2H", "1d2h"),
        ("daily", "1d"),
        ("0.5h", "30m"),
        ("2 weeks", "14d"),
        ("10 min", "10m"),
        ("abc", None),
        ("5 x", None),
        ("PT", None),
        ("0h", None),
        ("", None),
        ("1h30", None),
    ],
)
def test_a_duration_in_other_words(text, duration):
    assert suggestions.duration(text) == duration


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-1-5", "2026-01-05"),
        ("2026/01/05", "2026-01-05"),
        ("5.1.2026", "2026-01-05"),
        ("1/2/2026", None),
    ],
)
def test_a_date_in_another_order(text, date):
    assert suggestions.date(text) == date


@pytest.mark.parametrize(
    "text",
    [
        f"https://cloud.airbyte.com/workspaces/x/connections/{UUID}/status",
        UUID.replace("-", ""),
        f"{{{UUID}}}",
        f" {UUID}\n",
    ],
)
def test_a_connection_id_in_something_else(text):
    assert suggestions.connection_id(text) == UUID


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("retrys", "retries"),
        ("retry-delay", "retry_delay"),
        ("retryDelay", "retry_delay"),
        ("delay_retry", "retry_delay"),
        ("RETRY_DELAY", "retry_delay"),
        ("connectionID", "connection_id"),
        ("xyzzy", None),
        ("r" * 1000, None),
        ("", None),
    ],
)
def test_the_nearest_word(word, known):
    names = ["retries", "retry_delay", "connection_id", "timeout"]
    assert suggestions.nearest(word, names, suggestions.SearchLimit()) == known


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("slack", "airflow.providers.slack.notifications.slack.SlackNotifier"),
        ("team.alerts:Pager", "team.alerts.Pager"),
        ("team/alerts.py", "team.alerts"),
        ("what?", None),
    ],
)
def test_an_import_path_in_another_form(text, path):
    assert suggestions.import_path(text) == path


@given(st.text(max_size=60), st.sampled_from(sorted(suggestions.SUGGESTIONS)))
def test_any_text_gets_a_suggestion_or_none(text, suggestion):
    suggested = suggestions.value(suggestion, text)
    assert suggested is None or suggested

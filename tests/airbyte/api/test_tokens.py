"""Access tokens: which responses are usable, and for how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.airbyte.api.tokens import TokenCache, lifetime_of, usable_token


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("value", ["a", "eyJhbGciOi.J9-_~+/=", "!" * 16_384])
def test_a_token_that_a_header_can_hold(value):
    assert usable_token(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "a b",
        "a\nb",
        "a\r\nX: y",
        "a\x00",
        "tökén",
        "a\u2028b",
        "a" * 16_385,
        None,
        7,
        True,
        ["a"],
        {},
    ],
    ids=repr,
)
def test_a_token_that_no_header_can_hold(value):
    with pytest.raises(ValueError, match="token"):
        usable_token(value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (900, 900.0),
        (0.5, 0.5),
        ("900", 900.0),
        (10**9, 86_400.0),
        *[
            (odd, 120.0)
            for odd in (None, "soon", "", 0, -1, True, False, float("nan"), float("inf"), "nan", "1e999")
        ],
        *[(odd, 120.0) for odd in ([], {}, 10**400)],
    ],
    ids=lambda value: repr(value)[:20],
)
def test_how_long_a_token_is_used(value, seconds):
    assert lifetime_of(value) == seconds


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(JSON)
def test_every_answer_has_a_lifetime(value):
    assert 0 < lifetime_of(value) <= 86_400


@pytest.mark.parametrize(("lifetime", "used"), [(900.0, 840.0), (180.0, 120.0), (100.0, 50.0), (1.0, 0.5)])
def test_a_token_is_renewed_before_it_expires(lifetime, used):
    clock = Clock()
    cache = TokenCache(clock)
    cache.put("token", lifetime)
    clock.now = used - 0.01
    assert cache.token == "token"
    clock.now = used
    assert (cache.token, cache.latest) == (None, "token")


def test_a_rejected_token_is_dropped_but_never_a_newer_one():
    cache = TokenCache(Clock())
    cache.put("new", 900)
    cache.drop("old")
    assert cache.token == "new"
    cache.drop("new")
    assert (cache.token, cache.latest) == (None, None)

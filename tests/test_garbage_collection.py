"""The garbage collector is paused and then restored."""

from __future__ import annotations

import gc

import pytest

from dag_factory import garbage_collection


def test_it_is_paused_only_inside():
    with garbage_collection.paused():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_resumes_after_an_exception():
    with pytest.raises(ZeroDivisionError), garbage_collection.paused():
        _ = 1 / 0
    assert gc.isenabled()


def test_it_stays_off_if_it_was_off_before():
    gc.disable()
    try:
        with garbage_collection.paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()

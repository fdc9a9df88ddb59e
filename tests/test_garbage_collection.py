"""The garbage collector pauses, and is left as it was."""

from __future__ import annotations

import gc

import pytest

from dag_factory import garbage_collection


def test_it_is_paused_inside_only():
    with garbage_collection.paused():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_exception():
    with pytest.raises(ZeroDivisionError), garbage_collection.paused():
        _ = 1 / 0
    assert gc.isenabled()


def test_whoever_has_switched_it_off_keeps_it_off():
    gc.disable()
    try:
        with garbage_collection.paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()

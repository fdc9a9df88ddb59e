"""Programs and event loops in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from tests.adversary.virtual_time import Dead, Loop, Program, Timeline


@pytest.fixture
def timeline():
    return Timeline()


def program(timeline, main, seen):
    return Program(timeline, main, lambda: seen.append("ended"))


def test_programs_wait_concurrently(timeline):
    seen = []
    programs = {}

    def main(name, seconds):
        for _ in range(2):
            programs[name].wait(seconds)
            seen.append((name, timeline.now))

    for name, seconds in (("slow", 5.0), ("fast", 2.0)):
        programs[name] = program(timeline, lambda name=name, seconds=seconds: main(name, seconds), [])
        timeline.after(0.0, programs[name].start)
    timeline.run(100.0)
    assert seen == [("fast", 2.0), ("fast", 4.0), ("slow", 5.0), ("slow", 10.0)]


def test_a_signal_is_handled_during_a_wait(timeline):
    seen = []

    def handler():
        one.wait(3.0)
        seen.append(("handled", timeline.now))

    def main():
        one.wait(10.0)
        seen.append(("waited", timeline.now))

    one = program(timeline, main, seen)
    timeline.after(0.0, one.start)
    timeline.at(4.0, one.signal, handler)
    timeline.run(100.0)
    assert seen == [("handled", 7.0), ("waited", 10.0), "ended"]


def test_a_killed_program_does_nothing_more(timeline):
    seen = []

    def main():
        try:
            one.wait(10.0)
        finally:
            with pytest.raises(Dead):
                one.check_alive()
            seen.append("unwound")

    one = program(timeline, main, seen)
    timeline.after(0.0, one.start)
    timeline.at(4.0, one.kill)
    timeline.run(100.0)
    assert seen == ["unwound"]


def test_coroutines_run_on_the_timeline(timeline):
    seen = []
    loop = Loop(timeline)

    async def main():
        await asyncio.sleep(5.0)
        seen.append(timeline.now)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(100.0), 7.0)
        seen.append(timeline.now)

    loop.create_task(main())
    timeline.run(100.0)
    assert seen == [5.0, 12.0]


def test_the_coroutines_of_a_killed_loop_are_unwound(timeline):
    seen = []
    loop = Loop(timeline)

    async def main():
        try:
            await asyncio.sleep(5.0)
        except asyncio.CancelledError:
            seen.append("unwound")
            raise

    loop.create_task(main())
    timeline.at(2.0, loop.kill)
    timeline.run(100.0)
    assert seen == ["unwound"]

"""Tables of events in the life of a sync with their expected outcomes, played concurrently on one Airflow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import pytest

from tests.airflow_processes.scenes import Lab, Outcome, Scene, run_concurrently

# How long work may continue after a story, such as a cancellation, in seconds.
SETTLE_SECONDS = 30.0
# With more scenes than this, Airflow's components miss their heartbeats on two processors.
AT_ONCE = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """What happens to the sync of a scene in some modes, and its allowed outcomes.

    `before` runs before the common disruption, if any, and `act` after it. `sync` and `dag` are keys of the
    configuration.
    """

    name: str
    modes: tuple[str, ...]
    act: Callable[[Scene], None]
    outcomes: tuple[Outcome, ...]
    before: Callable[[Scene], None] = lambda _scene: None
    sync: Mapping[str, object] = field(default_factory=dict)
    dag: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A story in one mode."""

    story: Story
    mode: str

    @property
    def id(self) -> str:
        return f"{self.story.name}-{self.mode.replace(' ', '_')}"


def parts(stories: Iterable[Story]) -> list[object]:
    """Return the parts of stories as parameters of a test."""
    return [
        pytest.param(part, id=part.id)
        for part in (Part(story=story, mode=mode) for story in stories for mode in story.modes)
    ]


def play(
    lab: Lab, chosen: Iterable[Part], disrupt: Callable[[], None] = lambda: None
) -> dict[str, Outcome | Exception]:
    """Play parts concurrently, with one disruption of all halfway, and return the outcome of each."""
    scenes = {
        part.id: Scene(lab, part.story.name, part.mode, part.story.sync, part.story.dag) for part in chosen
    }
    stories = {part.id: part.story for part in chosen}
    lab.wait_for_dags(scene.dag_id for scene in scenes.values())
    begun = run_concurrently(
        (partial(stories[name].before, scene) for name, scene in scenes.items()), at_once=AT_ONCE
    )
    disrupt()
    ended = run_concurrently(
        (partial(_play, stories[name], scene) for name, scene in scenes.items()), at_once=AT_ONCE
    )
    return {
        name: first or second or scene.outcome()
        for (name, scene), first, second in zip(scenes.items(), begun, ended, strict=True)
    }


def selected(request: pytest.FixtureRequest) -> list[Part]:
    """Return the parts of the tests that were selected in a module."""
    items = [item for item in request.session.items if item.module is request.module]
    return [item.callspec.params["part"] for item in items if "part" in item.callspec.params]


def check(part: Part, played: Mapping[str, Outcome | Exception], report: Callable[[str], None]) -> None:
    """Check the outcome of a part against its story, and report it."""
    outcome = played[part.id]
    report(f"{part.story.name:34} {part.mode:17} {outcome}")
    if isinstance(outcome, Exception):
        raise outcome
    assert outcome in part.story.outcomes


def _play(story: Story, scene: Scene) -> None:
    story.act(scene)
    _wait_for_one(scene, story.outcomes)


def _wait_for_one(scene: Scene, outcomes: tuple[Outcome, ...]) -> None:
    """Wait a moment for an allowed outcome; the test then checks what it is."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while scene.outcome() not in outcomes and time.monotonic() < deadline:
        time.sleep(0.5)

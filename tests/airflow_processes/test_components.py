"""What happens to waiting syncs while a component of Airflow is stopped, killed and restarted."""

from __future__ import annotations

import time
from functools import partial

import pytest

from tests.airflow_processes.scenes import MODES, Lab, Outcome, Scene
from tests.airflow_processes.stories import Story, check, parts, play

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

ONE = (Outcome(("succeeded",), "success"),)
# A try that Airflow abandoned was terminated and cancelled its job; the next try started another.
STARTED_OVER = Outcome(("cancelled", "succeeded"), "success")
DEFERRABLE = ("sync deferrable", "async deferrable")


def triggerer_killed(lab: Lab) -> None:
    lab.airflow.kill("triggerer")
    lab.airflow.start("triggerer")


def triggerer_ended(lab: Lab) -> None:
    lab.airflow.end("triggerer")
    lab.airflow.start("triggerer")


def api_server_restarted(lab: Lab) -> None:
    lab.airflow.end("api-server")
    lab.airflow.start("api-server")


def scheduler_ended(lab: Lab) -> None:
    """The old scheduler waits for its tasks, as LocalExecutor does, while the new one runs."""
    lab.airflow.ask_to_end("scheduler")
    lab.airflow.start("scheduler")


def machine_of_scheduler_killed(lab: Lab) -> None:
    """With LocalExecutor, the workers and the tasks die with the scheduler."""
    lab.airflow.kill("scheduler")
    lab.airflow.start("scheduler")


def scheduler_killed(lab: Lab) -> None:
    """Orphaned workers and tasks keep running."""
    lab.airflow.kill("scheduler", with_children=False)
    lab.airflow.start("scheduler")


def settle(scene: Scene, seconds: float) -> None:
    """Let Airflow detect the disruption, then let the job end."""
    scene.lab.airflow.wait_until_healthy()
    time.sleep(seconds)
    scene.let_succeed()


def story(disrupt, modes, outcomes, *, seconds, **sync) -> Story:
    return Story(
        name=disrupt.__name__,
        modes=modes,
        before=Scene.begin_waiting,
        act=partial(settle, seconds=seconds),
        outcomes=outcomes,
        sync=sync,
    )


STORIES = {
    triggerer_killed: story(triggerer_killed, DEFERRABLE, ONE, seconds=25),
    triggerer_ended: story(triggerer_ended, DEFERRABLE, ONE, seconds=10),
    # A worker abandons a task that it cannot start or report for some seconds, hence the retries.
    api_server_restarted: story(
        api_server_restarted, tuple(MODES), (*ONE, STARTED_OVER), seconds=20, retries=3, retry_delay=20
    ),
    scheduler_ended: story(scheduler_ended, tuple(MODES), (*ONE, STARTED_OVER), seconds=40),
    machine_of_scheduler_killed: story(machine_of_scheduler_killed, tuple(MODES), ONE, seconds=40),
    scheduler_killed: story(scheduler_killed, tuple(MODES), (*ONE, STARTED_OVER), seconds=40),
}


def part_of(item):
    """A disruption is played in all its modes at once."""
    return list(STORIES.values()).index(item.callspec.params["part"].story)


@pytest.fixture(scope="module")
def played(lab):
    """Return a function that plays the stories of a disruption once and returns their outcomes."""
    known = {}

    def outcomes_of(disrupt):
        if disrupt not in known:
            chosen = [param.values[0] for param in parts([STORIES[disrupt]])]
            known[disrupt] = play(lab, chosen, lambda: disrupt(lab))
        return known[disrupt]

    return outcomes_of


@pytest.mark.parametrize("part", parts(STORIES.values()))
def test_component(part, played, report):
    disrupt = next(disrupt for disrupt, each in STORIES.items() if each is part.story)
    check(part, played(disrupt), report)

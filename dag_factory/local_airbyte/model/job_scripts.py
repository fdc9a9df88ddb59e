"""Job scripts as JSON, and the default script."""

from __future__ import annotations

from collections.abc import Mapping

from dag_factory.local_airbyte.model.job import (
    CANCELLED,
    FAILED,
    INCOMPLETE,
    MAX_SECONDS,
    PENDING,
    QUEUED,
    RUNNING,
    SUCCEEDED,
    Script,
    Step,
)
from dag_factory.local_airbyte.model.job_life_cycle import may_follow
from dag_factory.local_airbyte.model.json_values import Json

STATUS_OF_END = {"succeed": SUCCEEDED, "fail": FAILED, "cancel": CANCELLED, "hang": None}
FAIL_ATTEMPT = "fail_attempt"
STATUS_OF_STEP = {
    "pending": PENDING,
    "queued": QUEUED,
    "run": RUNNING,
    "incomplete": INCOMPLETE,
    FAIL_ATTEMPT: INCOMPLETE,
}


class ScriptError(ValueError):
    """The JSON is not a script; the message says what is wrong."""


def default_script(job_seconds: float) -> Script:
    """Return the script of a job without one of its own: a short wait, then work, `job_seconds` in total."""
    waiting = min(0.5, job_seconds / 10)
    return Script(
        steps=(Step(name="pending", seconds=waiting), Step(name="run", seconds=job_seconds - waiting))
    )


def read_script(document: Mapping[str, object]) -> Script:
    """Read `{"steps": [{"run": 2}, {"fail_attempt": true}], "end": "succeed"}`; raise ScriptError."""
    steps, end = document.get("steps", []), document.get("end", "succeed")
    if not isinstance(steps, list):
        message = "steps must be a list"
        raise ScriptError(message)
    if end not in STATUS_OF_END:
        message = f"end must be one of {', '.join(STATUS_OF_END)}, not {end!r}"
        raise ScriptError(message)
    script = Script(steps=tuple(_read_step(step) for step in steps), end=str(end))
    _check_transitions(script)
    return script


def render_script(script: Script) -> Json:
    """Return the JSON that `read_script` reads."""
    steps = [{step.name: True if step.name == FAIL_ATTEMPT else step.seconds} for step in script.steps]
    return {"steps": steps, "end": script.end}


def _check_transitions(script: Script) -> None:
    status, end = PENDING, STATUS_OF_END[script.end]
    following = [STATUS_OF_STEP[step.name] for step in script.steps] + ([end] if end else [])
    for next_status in following:
        if not may_follow(status, next_status):
            message = f"a job cannot go from {status} to {next_status}"
            raise ScriptError(message)
        status = next_status


def _read_step(step: object) -> Step:
    if not isinstance(step, dict) or len(step) != 1:
        message = f'a step is one key with its seconds, such as {{"run": 2}}, not {step!r}'
        raise ScriptError(message)
    [(name, value)] = step.items()
    if name not in STATUS_OF_STEP:
        message = f"a step is one of {', '.join(STATUS_OF_STEP)}, not {name!r}"
        raise ScriptError(message)
    if name == FAIL_ATTEMPT:
        return Step(name=name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_SECONDS:
        message = f"{name} takes a number of seconds from 0 to {MAX_SECONDS}, not {value!r}"
        raise ScriptError(message)
    return Step(name=name, seconds=float(value))

"""Rows of the matrix: jobs of other types and of other people, around the submission and around a retry."""

from __future__ import annotations

from functools import partial

from tests.faults import acts
from tests.faults.faults import AFTER, AT, BEFORE, DURING, Fault, Outcome

# A hanging sync times out after twenty minutes.
HANGS = {"ends": (None,), "sync": {"retries": 0, "timeout": "20m"}}
NOTHING_MADE = Outcome(jobs=0, left=1, state="failed")
SKIPPED = Outcome(jobs=0, left=1, state="skipped")

OTHER_TYPES = (
    Fault(
        name="a clear runs before the sync",
        acts={BEFORE: (partial(acts.start_job_of_a_person, kind="clear"),)},
    ),
    Fault(
        name="a refresh runs for an hour before the sync",
        acts={BEFORE: (partial(acts.start_job_of_a_person, kind="refresh"),)},
        job_minutes=60,
    ),
    Fault(
        name="a clear runs and hangs",
        acts={BEFORE: (partial(acts.start_job_of_a_person, kind="clear"),)},
        **HANGS,
        outcome=NOTHING_MADE,
    ),
    Fault(
        name="a clear runs, `on_running: fail`",
        acts={BEFORE: (partial(acts.start_job_of_a_person, kind="clear"),)},
        sync={"retries": 0, "on_running": "fail"},
        outcome=NOTHING_MADE,
    ),
    Fault(
        name="a reset runs, `on_running: skip`",
        acts={BEFORE: (partial(acts.start_job_of_a_person, kind="reset"),)},
        sync={"on_running": "skip"},
        outcome=SKIPPED,
    ),
    Fault(
        name="the submission is answered with a clear that waits", acts={AT: (acts.start_clear_that_waits,)}
    ),
    Fault(
        name="the submission is answered with a clear that waits, `on_running: fail`",
        acts={AT: (acts.start_clear_that_waits,)},
        sync={"retries": 0, "on_running": "fail"},
        outcome=NOTHING_MADE,
    ),
    Fault(
        name="409: a person has started a clear just before",
        acts={AT: (partial(acts.start_job_of_a_person, kind="clear"),)},
    ),
)

OTHER_PEOPLE = (
    Fault(
        name="409: somebody has started a sync just before, `on_running: fail`",
        acts={AT: (acts.start_job_of_a_person,)},
        sync={"retries": 0, "on_running": "fail"},
        outcome=NOTHING_MADE,
    ),
    Fault(
        name="409: somebody has started a sync just before, `on_running: skip`",
        acts={AT: (acts.start_job_of_a_person,)},
        sync={"on_running": "skip"},
        outcome=SKIPPED,
    ),
    Fault(
        name="409: somebody has started a sync just before, and it hangs",
        acts={AT: (acts.start_job_of_a_person,)},
        **HANGS,
        outcome=NOTHING_MADE,
    ),
    Fault(
        name="the worker dies, its job succeeds, and somebody's sync runs when the retry comes",
        acts={AFTER: (acts.start_job_of_a_person_later, acts.crash)},
        job_minutes=3,
        ends=("succeeded", None),
        outcome=Outcome(tries=2, left=1),
    ),
    Fault(
        name="the worker dies, its job fails, and somebody's sync succeeds before the retry",
        acts={AFTER: (acts.start_job_of_a_person_later, acts.crash)},
        job_minutes=0.5,
        ends=("failed", "succeeded"),
        outcome=Outcome(jobs=2, tries=2),
    ),
    Fault(
        name="the worker dies, its job fails, somebody's sync runs at the retry, `on_running: skip`",
        acts={AFTER: (acts.start_job_of_a_person_later, acts.crash)},
        job_minutes=3,
        ends=("failed", None),
        sync={"on_running": "skip"},
        outcome=Outcome(left=1, state="skipped", tries=2),
    ),
    Fault(
        name="the worker dies before the submission is answered, its job comes half a minute later",
        acts={AT: (acts.make_job_half_a_minute_later, acts.crash)},
        outcome=Outcome(tries=2),
    ),
    Fault(
        name="the job fails, and somebody's sync runs when the retry comes",
        acts={DURING: (partial(acts.start_job_of_a_person_later, minutes=9),)},
        ends=("failed", "succeeded"),
        outcome=Outcome(tries=2),
    ),
)

"""The matrix of faults. To add a row, add a `Fault`: it runs in every mode."""

from __future__ import annotations

from tests.faults import acts
from tests.faults.clear_faults import CLEARS
from tests.faults.edge_faults import CANCELLATIONS, LISTS, POLLS, TOKENS
from tests.faults.faults import AFTER, AT, BEFORE, DURING, POLLED, Allowance, Fault, Outcome
from tests.faults.ownership_faults import OTHER_PEOPLE, OTHER_TYPES

POST, LIST, GET, DELETE = "POST /jobs", "GET /jobs", "GET /jobs/{jobId}", "DELETE /jobs/{jobId}"
TOKEN = "POST /applications/token"

FAILED = Outcome(state="failed")
# A hanging sync times out after twenty minutes.
HANGS = {"ends": (None,), "sync": {"retries": 0, "timeout": "20m"}}
NO_RETRY = {"retries": 0}


def _answers(route: str, kind: str, code: int, **more: object) -> tuple[dict[str, object], ...]:
    return ({"route": route, "kind": kind, "code": code, **more},)


SUBMISSION = (
    Fault(name="nothing goes wrong"),
    Fault(
        name="the submission times out, the job is made",
        faults=({"route": POST, "kind": "delay_after", "seconds": 1},),
    ),
    Fault(
        name="504 to the submission, the job made half a minute later",
        faults=_answers(POST, "status", 504),
        acts={AT: (acts.make_job_half_a_minute_later,)},
    ),
    Fault(name="the submission is cut off before", faults=({"route": POST, "kind": "drop_before"},)),
    Fault(name="the submission is cut off after", faults=({"route": POST, "kind": "drop_after"},)),
    Fault(name="500 to the submission, no job made", faults=_answers(POST, "status", 500)),
    Fault(name="502 to the submission, no job made", faults=_answers(POST, "status", 502)),
    Fault(name="503 to the submission, no job made", faults=_answers(POST, "status", 503)),
    Fault(name="500 to the submission, the job made", faults=_answers(POST, "status_after", 500)),
    Fault(name="502 to the submission, the job made", faults=_answers(POST, "status_after", 502)),
    Fault(name="503 to the submission, the job made", faults=_answers(POST, "status_after", 503)),
    Fault(name="429 to three submissions", faults=_answers(POST, "status", 429, times=3)),
    Fault(
        name="429 with `Retry-After` to three submissions",
        faults=_answers(POST, "status", 429, times=3, retry_after=20),
    ),
    Fault(
        name="the answer to the submission is cut JSON", faults=({"route": POST, "kind": "malformed_json"},)
    ),
    Fault(
        name="the answer to the submission is a sign-in page",
        faults=({"route": POST, "kind": "html"},),
    ),
    Fault(name="503 to three lists of jobs", faults=_answers(LIST, "status", 503, times=3)),
    Fault(
        name="409: somebody has started a sync just before",
        acts={AT: (acts.start_job_of_a_person,)},
        outcome=Outcome(jobs=0),
    ),
    Fault(
        name="409: the connection is disabled",
        acts={BEFORE: (acts.disable_connection,)},
        outcome=Outcome(jobs=0, state="failed", tries=3),
    ),
    Fault(name="a wrong secret", secret="a-wrong-secret", outcome=Outcome(jobs=0, state="failed", tries=3)),
    Fault(name="no tokens for a while", faults=_answers(TOKEN, "status", 503, times=3)),
)

WAITING = (
    Fault(name="the token ends while waiting", acts={DURING: (acts.revoke_tokens,)}),
    Fault(
        name="the token ends and there is no other for a while",
        acts={DURING: (acts.revoke_tokens, acts.break_calls(TOKEN, "status", code=503, times=3))},
    ),
    Fault(name="a poll of the job fails once", faults=_answers(GET, "status", 503)),
    Fault(name="polls of the job fail 5 times", faults=_answers(GET, "status", 503, times=5)),
    Fault(name="polls of the job fail 50 times", faults=_answers(GET, "status", 503, times=50)),
    Fault(name="a poll of the job times out", faults=({"route": GET, "kind": "delay", "seconds": 1},)),
    Fault(name="429 to three polls of the job", faults=_answers(GET, "status", 429, times=3)),
    Fault(
        name="429 with `Retry-After` to three polls of the job",
        faults=_answers(GET, "status", 429, times=3, retry_after=90),
    ),
    Fault(
        name="three polls of the job give cut JSON",
        faults=({"route": GET, "kind": "malformed_json", "times": 3},),
    ),
    Fault(
        name="three polls of the job give a sign-in page",
        faults=({"route": GET, "kind": "html", "times": 3},),
    ),
    Fault(
        name="the job has an unknown status",
        faults=({"route": GET, "kind": "unknown_status", "times": 3},),
    ),
    Fault(name="the job is `queued`", statuses=((0, "queued"), (4, "running"))),
    Fault(name="the job is `incomplete` and runs again", statuses=((2, "incomplete"), (5, "running"))),
    Fault(name="the server is restarted while waiting", acts={DURING: (acts.restart_server,)}),
    Fault(
        name="Airflow's clock is set a day back while waiting",
        acts={DURING: (acts.set_clock_of_airflow(-1),)},
    ),
    Fault(
        name="Airflow's clock is set a day forward while waiting",
        acts={DURING: (acts.set_clock_of_airflow(1),)},
        allowances={
            "async": Allowance(
                outcome=Outcome(jobs=2, tries=2),
                reason="between two polls of a rescheduled sensor there is no process that could count "
                "seconds: only the time of day tells it how long it has waited",
            )
        },
    ),
    Fault(
        name="Airbyte's clock is set an hour forward while waiting",
        acts={DURING: (acts.set_clock_of_airbyte(1),)},
    ),
    Fault(name="the connection is disabled while waiting", acts={DURING: (acts.disable_connection,)}),
    Fault(
        name="the connection is deleted while waiting",
        acts={DURING: (acts.delete_connection,)},
        outcome=Outcome(state="failed", tries=3),
    ),
)

ENDS = (
    Fault(name="the job fails, `retries: 0`", ends=("failed",), sync=NO_RETRY, outcome=FAILED),
    Fault(
        name="the job fails, `retries: 1`",
        ends=("failed", "succeeded"),
        sync={"retries": 1},
        outcome=Outcome(jobs=2, tries=2),
    ),
    Fault(
        name="a person cancels the job, `retries: 0`",
        acts={DURING: (acts.cancel_job,)},
        sync=NO_RETRY,
        outcome=FAILED,
    ),
    Fault(
        name="a person cancels the job, `retries: 1`",
        acts={DURING: (acts.cancel_job,)},
        sync={"retries": 1},
        outcome=Outcome(jobs=2, tries=2),
    ),
    Fault(name="no rows", plan={"rows": {"first": 0, "then": 0}}),
    Fault(
        name="no rows, `min_rows: 1`",
        plan={"rows": {"first": 0, "then": 0}},
        sync={"retries": 0, "min_rows": 1},
        outcome=FAILED,
    ),
    Fault(
        name="no rows, `min_rows: 1`, `retries: 1`",
        plan={"rows": {"first": 0, "then": 0}},
        sync={"retries": 1, "min_rows": 1},
        outcome=Outcome(jobs=2, state="failed", tries=2),
    ),
)

TIMEOUTS = (
    Fault(name="the job hangs", **HANGS, outcome=FAILED),
    Fault(
        name="the job hangs, the next one does not, `retries: 1`",
        ends=(None, "succeeded"),
        sync={"retries": 1, "timeout": "20m"},
        outcome=Outcome(jobs=2, tries=2),
    ),
    Fault(
        name="the job hangs, `on_timeout: leave`",
        ends=(None,),
        sync={"retries": 0, "timeout": "20m", "on_timeout": "leave"},
        outcome=Outcome(left=1, state="failed"),
    ),
    Fault(
        name="the job takes two tries long, `on_timeout: leave`, `retries: 1`",
        job_minutes=35,
        sync={"retries": 1, "timeout": "20m", "on_timeout": "leave"},
        outcome=Outcome(tries=2),
    ),
    Fault(
        name="the job hangs, cancelling is refused 5 times",
        **HANGS,
        faults=_answers(DELETE, "status", 500, times=5),
        outcome=FAILED,
    ),
    Fault(
        name="the job hangs, cancelling is accepted and not done for a minute",
        **HANGS,
        acts={DURING: (acts.ignore_cancellations_for_a_minute,)},
        outcome=FAILED,
    ),
    Fault(
        name="the job hangs, `incomplete` while it is cancelled",
        **HANGS,
        statuses=((15, "incomplete"), (21, "running")),
        outcome=FAILED,
    ),
)

OTHERS = (
    Fault(
        name="somebody's sync runs, `on_running: adopt`",
        acts={BEFORE: (acts.start_job_of_a_person,)},
        outcome=Outcome(jobs=0),
    ),
    Fault(
        name="somebody's sync runs and is cancelled, `on_running: adopt`",
        acts={BEFORE: (acts.start_job_of_a_person,), DURING: (acts.cancel_job,)},
    ),
    Fault(
        name="somebody's sync runs and hangs, `on_running: adopt`",
        acts={BEFORE: (acts.start_job_of_a_person,)},
        **HANGS,
        outcome=Outcome(jobs=0, left=1, state="failed"),
    ),
    Fault(
        name="somebody's sync runs, `on_running: fail`",
        acts={BEFORE: (acts.start_job_of_a_person,)},
        sync={"retries": 0, "on_running": "fail"},
        outcome=Outcome(jobs=0, left=1, state="failed"),
    ),
    Fault(
        name="somebody's sync runs, `on_running: skip`",
        acts={BEFORE: (acts.start_job_of_a_person,)},
        sync={"on_running": "skip"},
        outcome=Outcome(jobs=0, left=1, state="skipped"),
    ),
)

TRIES = (
    Fault(
        name="the worker dies just after the submission",
        acts={AFTER: (acts.crash,)},
        outcome=Outcome(tries=2),
    ),
    Fault(
        name="the worker dies just after the submission, `on_running: fail`",
        acts={AFTER: (acts.crash,)},
        sync={"on_running": "fail"},
        outcome=Outcome(tries=2),
    ),
    Fault(
        name="the worker dies after the submission, the job has ended when the retry comes",
        acts={AFTER: (acts.crash,)},
        job_minutes=3,
        outcome=Outcome(tries=2),
    ),
    Fault(
        name="the worker dies while waiting",
        acts={POLLED: (acts.crash,)},
        outcome=Outcome(tries=2),
        allowances=dict.fromkeys(
            ("sync deferrable", "async deferrable"),
            Allowance(outcome=Outcome(), reason="no worker waits"),
        ),
    ),
    Fault(
        name="a person clears the run when it has succeeded",
        clears=1,
        outcome=Outcome(jobs=2, tries=2),
    ),
)

FAULTS = (
    *(*SUBMISSION, *LISTS, *TOKENS),
    *(*WAITING, *POLLS, *ENDS),
    *(*TIMEOUTS, *CANCELLATIONS),
    *(*OTHERS, *OTHER_TYPES, *OTHER_PEOPLE),
    *(*TRIES, *CLEARS),
)

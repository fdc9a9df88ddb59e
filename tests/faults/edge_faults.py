"""Rows of the matrix: responses that no client expects, and calls that fail for minutes."""

from __future__ import annotations

from tests.faults import acts
from tests.faults.faults import AT, DURING, Fault, Outcome

POST, LIST, GET, DELETE = "POST /jobs", "GET /jobs", "GET /jobs/{jobId}", "DELETE /jobs/{jobId}"
TOKEN, CONNECTION = "POST /applications/token", "GET /connections/{connectionId}"
SLOW = ({"route": POST, "kind": "delay_after", "seconds": 1},)
REFUSED = Outcome(jobs=0, state="failed", tries=3)
HANGS = {"ends": (None,), "sync": {"retries": 0, "timeout": "20m"}}
FAILED = Outcome(state="failed")


def _always(route: str, kind: str, **more: object) -> tuple[dict[str, object], ...]:
    return ({"route": route, "kind": kind, "times": None, **more},)


LISTS = (
    Fault(
        name="the list is oldest first, and the submission times out",
        faults=(*SLOW, *_always(LIST, "order_ignored")),
        acts={},
    ),
    Fault(name="the list is in no order", faults=_always(LIST, "shuffled")),
    Fault(name="the list holds other connections' jobs", faults=_always(LIST, "filter_ignored")),
    Fault(name="the list refuses `orderBy` with 400", faults=_always(LIST, "order_refused", code=400)),
    Fault(name="the list refuses `orderBy` with 500", faults=_always(LIST, "order_refused", code=500)),
    Fault(
        name='409 to the submission ("could not fulfill"), the job made half a minute later',
        faults=({"route": POST, "kind": "status", "code": 409, "body": {"title": "state-conflict"}},),
        acts={AT: (acts.make_job_half_a_minute_later,)},
    ),
)

TOKENS = (
    Fault(
        name="`expires_in` of the token is null", faults=_always(TOKEN, "token", values={"expires_in": None})
    ),
    Fault(
        name="`expires_in` of the token is text",
        faults=_always(TOKEN, "token", values={"expires_in": "soon"}),
    ),
    Fault(
        name="the token has a line break in it",
        faults=_always(TOKEN, "token", values={"access_token": "a\nb"}),
        outcome=REFUSED,
    ),
    Fault(
        name="the token is not ASCII",
        faults=_always(TOKEN, "token", values={"access_token": "tokén"}),
        outcome=REFUSED,
    ),
    Fault(name="the token call is redirected", faults=_always(TOKEN, "redirect"), outcome=REFUSED),
    Fault(name="the submission is redirected", faults=_always(POST, "redirect", code=301), outcome=REFUSED),
)

POLLS = (
    Fault(name="401 to five polls", faults=({"route": GET, "kind": "status", "code": 401, "times": 5},)),
    Fault(name="403 to five polls", faults=({"route": GET, "kind": "status", "code": 403, "times": 5},)),
    Fault(name="404 to five polls", faults=({"route": GET, "kind": "status", "code": 404, "times": 5},)),
    Fault(
        name="three polls are answered with another job",
        faults=({"route": GET, "kind": "wrong_job", "times": 3},),
    ),
    Fault(
        name="three polls have an endless number", faults=({"route": GET, "kind": "odd_number", "times": 3},)
    ),
    Fault(
        name="three polls are nested 100,000 deep", faults=({"route": GET, "kind": "deep_json", "times": 3},)
    ),
    Fault(name="no response has a time zone", faults=_always("*", "zone_less")),
    Fault(
        name="a poll drips, a byte every 0.2 seconds",
        faults=({"route": GET, "kind": "drip", "seconds": 0.2},),
    ),
    Fault(
        name="a poll has a body of 64 MiB",
        faults=({"route": GET, "kind": "huge_body"},),
    ),
    Fault(
        name="a poll claims to be compressed and is not", faults=({"route": GET, "kind": "content_encoding"},)
    ),
    Fault(
        name="the rows are not counted, `min_rows: 1`",
        faults=_always(GET, "null_fields", keys=("rowsSynced",)),
        sync={"retries": 0, "min_rows": 1},
    ),
    Fault(name="the connection cannot be asked for", faults=_always(CONNECTION, "status", code=403)),
)

CANCELLATIONS = (
    Fault(
        name="the job hangs, cancelling is ignored for a quarter of an hour",
        **HANGS,
        acts={DURING: (acts.ignore_cancellations_for_a_quarter_of_an_hour,)},
        outcome=FAILED,
    ),
    Fault(
        name="the job succeeds while the server is down until after the timeout",
        job_minutes=8,
        sync={"retries": 0, "timeout": "20m"},
        acts={DURING: (acts.stop_server_until_after_the_timeout,)},
    ),
)

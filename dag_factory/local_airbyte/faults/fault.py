"""Faults that are made on purpose: what each may say, and which calls it meets. Pure but for the book."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dag_factory.local_airbyte.model.job import MAX_SECONDS
from dag_factory.local_airbyte.model.json_values import Json

DELAY, DELAY_AFTER, DROP_BEFORE, DROP_AFTER = "delay", "delay_after", "drop_before", "drop_after"
STATUS, STATUS_AFTER, LATE_JOB = "status", "status_after", "late_job"
MALFORMED_JSON, HTML, UNKNOWN_STATUS = "malformed_json", "html", "unknown_status"
REDIRECT, SECRET_ECHO = "redirect", "secret_echo"
ORDER_REFUSED, ORDER_IGNORED = "order_refused", "order_ignored"
SHUFFLED, FILTER_IGNORED, WRONG_JOB = "shuffled", "filter_ignored", "wrong_job"
DRIP, HUGE_BODY, CONTENT_ENCODING = "drip", "huge_body", "content_encoding"
DEEP_JSON, ODD_NUMBER, NULL_FIELDS = "deep_json", "odd_number", "null_fields"
ZONE_LESS, TOKEN = "zone_less", "token"
KINDS = (
    *(DELAY, DELAY_AFTER, DROP_BEFORE, DROP_AFTER, STATUS, STATUS_AFTER, LATE_JOB),
    *(MALFORMED_JSON, HTML, UNKNOWN_STATUS, REDIRECT, SECRET_ECHO),
    *(ORDER_REFUSED, ORDER_IGNORED, SHUFFLED, FILTER_IGNORED, WRONG_JOB),
    *(DRIP, HUGE_BODY, CONTENT_ENCODING, DEEP_JSON, ODD_NUMBER, NULL_FIELDS, ZONE_LESS, TOKEN),
)
# Kinds that mean nothing to any other route, whatever route they name.
ONLY_ROUTE = {LATE_JOB: "POST /jobs", WRONG_JOB: "GET /jobs/{jobId}"}
REDIRECTS = (301, 302, 303, 307, 308)
HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
MAX_MIB, MAX_DEPTH = 4096, 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault. It lets `skip` matching calls through, then meets `times` of them (None: until cleared)."""

    route: str
    kind: str
    connection_id: str | None = None
    times: int | None = 1
    skip: int = 0
    # Of a delay: more than the 5 seconds that an HTTP client waits by default. Of `drip`: for each byte.
    seconds: float = 6.0
    code: int | None = None
    body: object = None
    retry_after: int | str | None = None
    unknown: str = "paused"  # the status that `unknown_status` puts in place of a job's own
    location: str | None = None  # of `redirect`; `{path}` in it is the path and the query of the call
    keys: tuple[str, ...] | None = None  # of the answer, or of the query for `filter_ignored`
    raw: str = "1e999"  # what `odd_number` writes for a value, as JSON text
    values: Json = field(default_factory=dict)  # what `token` puts into the answer
    headers: bool = False  # whether `drip` begins with the status line, not with the body
    seed: int = 0  # of the order of `shuffled`
    mib: int = 64  # of blanks behind the body of `huge_body`
    depth: int = 100_000  # levels of `deep_json`
    encoding: str = "gzip"  # what `content_encoding` claims
    job_id: int | None = None  # whose data `wrong_job` answers with; None: the newest other job's
    fault_id: int = 0
    met: int = 0

    def __post_init__(self) -> None:
        if mistake := _mistake(self):
            raise ValueError(mistake)


def _mistake(fault: Fault) -> str | None:
    """What is wrong with the fault's values: each would break the server, or the call that meets it."""
    codes: Sequence[int] = REDIRECTS if fault.kind == REDIRECT else range(200, 600)
    texts = (fault.location or "", fault.encoding, str(fault.retry_after))
    checks = (
        (fault.kind in KINDS, f"kind must be one of {', '.join(KINDS)}, not {fault.kind!r}"),
        # Written so that NaN is refused too.
        (0 <= fault.seconds <= MAX_SECONDS, f"seconds is a number from 0 to {MAX_SECONDS}"),
        (fault.code is None or fault.code in codes, f"code is not a status that {fault.kind} can have"),
        (fault.times is None or fault.times >= 1, "times is a number from 1, or null"),
        (fault.skip >= 0, "skip is a number from 0"),
        (all(map(HEADER_VALUE.fullmatch, texts)), "location, encoding and retry_after are printable ASCII"),
        (0 <= fault.mib <= MAX_MIB, f"mib is a number from 0 to {MAX_MIB}"),
        (0 <= fault.depth <= MAX_DEPTH, f"depth is a number from 0 to {MAX_DEPTH}"),
    )
    return next((message for is_right, message in checks if not is_right), None)

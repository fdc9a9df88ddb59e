"""An injected fault: its kinds, and the values that it may have."""

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
UNORDERED, OVERLAPPING, SHORT_PAGES, LYING_NEXT = "unordered", "overlapping", "short_pages", "lying_next"
DRIP, HUGE_BODY, CONTENT_ENCODING = "drip", "huge_body", "content_encoding"
DEEP_JSON, ODD_NUMBER, NULL_FIELDS = "deep_json", "odd_number", "null_fields"
ZONE_LESS, TOKEN = "zone_less", "token"
KINDS = (
    *(DELAY, DELAY_AFTER, DROP_BEFORE, DROP_AFTER, STATUS, STATUS_AFTER, LATE_JOB),
    *(MALFORMED_JSON, HTML, UNKNOWN_STATUS, REDIRECT, SECRET_ECHO),
    *(ORDER_REFUSED, ORDER_IGNORED, SHUFFLED, FILTER_IGNORED, WRONG_JOB),
    *(UNORDERED, OVERLAPPING, SHORT_PAGES, LYING_NEXT),
    *(DRIP, HUGE_BODY, CONTENT_ENCODING, DEEP_JSON, ODD_NUMBER, NULL_FIELDS, ZONE_LESS, TOKEN),
)
# Kinds that apply to one route only, whatever route the fault names.
ONLY_ROUTE = {LATE_JOB: "POST /jobs", WRONG_JOB: "GET /jobs/{jobId}"}
REDIRECTS = (301, 302, 303, 307, 308)
HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
MAX_MIB, MAX_DEPTH = 4096, 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """An injected fault: it skips `skip` matching calls, then affects `times` calls (None: until cleared)."""

    route: str
    kind: str
    connection_id: str | None = None
    times: int | None = 1
    skip: int = 0
    # Of a delay: longer than the 5 seconds that an HTTP client waits by default. Of `drip`: for each byte.
    seconds: float = 6.0
    code: int | None = None
    body: object = None
    retry_after: int | str | None = None
    unknown: str = "paused"  # the status that `unknown_status` answers
    location: str | None = None  # of `redirect`; `{path}` stands for path and query of the call
    keys: tuple[str, ...] | None = None  # of the answer, or of the query for `filter_ignored`
    raw: str = "1e999"  # the JSON text that `odd_number` writes as a value
    values: Json = field(default_factory=dict)  # that `token` sets in the answer
    headers: bool = False  # whether `drip` starts at the status line, not at the body
    seed: int = 0  # of the random order of `shuffled` and `unordered`
    mib: int = 64  # of spaces after the body, for `huge_body`
    depth: int = 100_000  # levels of `deep_json`
    encoding: str = "gzip"  # that `content_encoding` claims
    job_id: int | None = None  # the job that `wrong_job` answers with; None: the newest other job
    fault_id: int = 0
    met: int = 0

    def __post_init__(self) -> None:
        if message := _error_message(self):
            raise ValueError(message)


def _error_message(fault: Fault) -> str | None:
    """Return what is wrong with the values: each would break the server or the affected call."""
    codes: Sequence[int] = REDIRECTS if fault.kind == REDIRECT else range(200, 600)
    texts = (fault.location or "", fault.encoding, str(fault.retry_after))
    checks = (
        (fault.kind in KINDS, f"kind must be one of {', '.join(KINDS)}, not {fault.kind!r}"),
        # Written so that NaN fails too.
        (0 <= fault.seconds <= MAX_SECONDS, f"seconds must be a number from 0 to {MAX_SECONDS}"),
        (fault.code is None or fault.code in codes, f"code must be a status that {fault.kind} can have"),
        (fault.times is None or fault.times >= 1, "times must be an integer from 1, or null"),
        (fault.skip >= 0, "skip must be an integer from 0"),
        (
            all(map(HEADER_VALUE.fullmatch, texts)),
            "location, encoding, retry_after must be printable ASCII",
        ),
        (0 <= fault.mib <= MAX_MIB, f"mib must be an integer from 0 to {MAX_MIB}"),
        (0 <= fault.depth <= MAX_DEPTH, f"depth must be an integer from 0 to {MAX_DEPTH}"),
    )
    return next((message for is_valid, message in checks if not is_valid), None)

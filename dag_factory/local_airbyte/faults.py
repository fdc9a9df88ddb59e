"""Faults that are made on purpose: which call they meet and how often. Pure but for the book's own memory."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from dag_factory.local_airbyte.model import Json

PREFIXES = ("/api/public/v1", "/v1")
IDS = {
    "jobs": "{jobId}",
    "connections": "{connectionId}",
    "sources": "{sourceId}",
    "destinations": "{destinationId}",
    "workspaces": "{workspaceId}",
    "tags": "{tagId}",
}
DELAY, DELAY_AFTER, DROP_BEFORE, DROP_AFTER = "delay", "delay_after", "drop_before", "drop_after"
STATUS, STATUS_AFTER = "status", "status_after"
MALFORMED_JSON, HTML, UNKNOWN_STATUS = "malformed_json", "html", "unknown_status"
KINDS = (
    *(DELAY, DELAY_AFTER, DROP_BEFORE, DROP_AFTER, STATUS, STATUS_AFTER),
    *(MALFORMED_JSON, HTML, UNKNOWN_STATUS),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault. It lets `skip` matching calls through, then meets `times` of them (None: until cleared)."""

    route: str
    kind: str
    connection_id: str | None = None
    times: int | None = 1
    skip: int = 0
    seconds: float = 6.0  # of a delay: more than the 5 seconds that an HTTP client waits by default
    code: int | None = None
    body: object = None
    retry_after: int | str | None = None
    unknown: str = "paused"  # the status that `unknown_status` puts in place of a job's own
    fault_id: int = 0
    met: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            msg = f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request as a fault sees it."""

    route: str
    connection_id: str | None


class FaultBook:
    """The faults there are, for every thread. A restart of the server clears them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, fault: Fault) -> Fault:
        """Make a fault from now on."""
        with self._lock:
            added = replace(fault, fault_id=next(self._ids), met=0)
            self._faults.append(added)
            return added

    def faults(self) -> Sequence[Fault]:
        """The faults in the order in which they were added; a fault that is used up is gone."""
        with self._lock:
            return tuple(self._faults)

    def clear(self, fault_id: int | None = None) -> None:
        """Make one fault no more, or none at all."""
        with self._lock:
            self._faults = [fault for fault in self._faults if fault_id not in (None, fault.fault_id)]

    def take(self, call: Call) -> Fault | None:
        """The fault that this call meets. Each matching fault counts it, the first that is due happens."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if not _matches(fault, call):
                    continue
                if fault.skip > 0:
                    self._faults[index] = replace(fault, skip=fault.skip - 1)
                    continue
                self._use(index)
                return fault
            return None

    def _use(self, index: int) -> None:
        fault = self._faults[index]
        if fault.times is not None and fault.times <= 1:
            del self._faults[index]
        else:
            times = None if fault.times is None else fault.times - 1
            self._faults[index] = replace(fault, times=times, met=fault.met + 1)


def render_fault(fault: Fault) -> Json:
    """A fault as the admin path shows it."""
    return asdict(fault)


def route_of(method: str, path: str) -> str | None:
    """`POST /v1/jobs` and `POST /api/public/v1/jobs` as `POST /jobs`; None outside the public API."""
    for prefix in PREFIXES:
        if path.startswith(prefix + "/"):
            parts = path.removeprefix(prefix + "/").split("/")
            if len(parts) == 2 and parts[0] in IDS:
                parts[1] = IDS[parts[0]]
            return f"{method} /{'/'.join(parts)}"
    return None


def _matches(fault: Fault, call: Call) -> bool:
    if fault.route not in ("*", call.route):
        return False
    return fault.connection_id is None or fault.connection_id == call.connection_id

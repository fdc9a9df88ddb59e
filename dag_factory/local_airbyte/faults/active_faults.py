"""The faults to inject, and which of them a call meets."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from dag_factory.local_airbyte.faults.fault import ONLY_ROUTE, ORDER_IGNORED, ORDER_REFUSED, Fault
from dag_factory.local_airbyte.model.json_values import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """The parts of a request that decide which fault it meets."""

    route: str
    connection_id: str | None
    query: Mapping[str, str] = field(default_factory=dict)


class ActiveFaults:
    """The active faults, safe to use from any thread. A restart of the server clears them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, fault: Fault) -> Fault:
        """Add a fault; return it with its id."""
        with self._lock:
            added = replace(fault, fault_id=next(self._ids), met=0)
            self._faults.append(added)
            return added

    def faults(self) -> Sequence[Fault]:
        """Return the active faults in the order in which they were added."""
        with self._lock:
            return tuple(self._faults)

    def clear(self, fault_id: int | None = None) -> None:
        """Remove one fault, or all of them."""
        with self._lock:
            self._faults = [fault for fault in self._faults if fault_id not in (None, fault.fault_id)]

    def take(self, call: Call) -> Fault | None:
        """Return the fault that affects this call: the first matching one without calls left to skip."""
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
    """Return a fault as the admin path shows it."""
    return asdict(fault)


def _matches(fault: Fault, call: Call) -> bool:
    if fault.route not in ("*", call.route) or ONLY_ROUTE.get(fault.kind, call.route) != call.route:
        return False
    if fault.kind in (ORDER_REFUSED, ORDER_IGNORED) and "orderBy" not in call.query:
        return False
    wanted, actual = fault.connection_id, call.connection_id
    return wanted is None or (actual is not None and wanted.lower() == actual.lower())

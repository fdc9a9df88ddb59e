"""The built-in source: streams whose rows are a function of connection, stream and number. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dag_factory.local_airbyte.model.json_values import Json

# A stream's state: the number of the last row moved, and of the last row that the source has.
CURSOR, HEAD = "id", "head"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
MAX_ROWS = 10_000_000  # for one sync: 2 GB on disk
# Stream to its share of a connection's rows, in quarters.
SHARES = {"customers": 1, "orders": 2, "payments": 1}
COUNTRIES = ("AT", "BR", "CA", "DE", "ES", "FR", "IN", "JP", "NL", "US")
FIRST_NAMES = ("Ada", "Alan", "Barbara", "Edsger", "Grace", "Ken", "Leslie", "Margaret", "Niklaus", "Radia")
LAST_NAMES = ("Berg", "Costa", "Fischer", "Garcia", "Ito", "Kowalski", "Martin", "Novak", "Okafor", "Singh")
ORDER_STATUSES = ("open", "paid", "shipped", "returned")
PAYMENT_METHODS = ("card", "transfer", "cash")


@dataclass(frozen=True, kw_only=True, slots=True)
class RowCounts:
    """How many rows a connection's source has for the first sync, and how many more for each later one."""

    first: int = 400
    then: int = 20

    def __post_init__(self) -> None:
        if not all(isinstance(count, int) and 0 <= count <= MAX_ROWS for count in (self.first, self.then)):
            msg = f"the numbers of rows are whole, from 0 to {MAX_ROWS}"
            raise ValueError(msg)


def share(total: int) -> dict[str, int]:
    """Split a number of rows over the streams; the last stream takes what does not divide."""
    counts = {stream: total * quarters // 4 for stream, quarters in SHARES.items()}
    counts["payments"] += total - sum(counts.values())
    return counts


def new_heads(states: Mapping[str, Json], counts: RowCounts) -> dict[str, int]:
    """The number of the last row that each stream has at a sync's start: the source has grown meanwhile."""
    grown = share(counts.then if states else counts.first)
    return {stream: number_in(states.get(stream, {}), HEAD) + grown[stream] for stream in SHARES}


def build_row(connection_id: str, stream: str, number: int) -> Json:
    """The same row for the same arguments, always."""
    dice = hashlib.blake2b(f"{connection_id}/{stream}/{number}".encode(), digest_size=16).digest()
    fields = _FIELDS[stream](dice, number)
    return {CURSOR: number, **fields, "updated_at": (EPOCH + timedelta(minutes=number)).isoformat()}


def number_in(state: Json, key: str) -> int:
    """A number of a stream's state; 0 if it is not there."""
    number = state.get(key, 0)
    return number if isinstance(number, int) else 0


def stream_properties() -> list[Json]:
    """The streams as `GET /streams` answers them."""
    return [
        {
            "streamName": stream,
            "syncModes": ["full_refresh_overwrite", "full_refresh_append", "incremental_append"],
            "defaultCursorField": [CURSOR],
            "sourceDefinedCursorField": True,
            "sourceDefinedPrimaryKey": [[CURSOR]],
            "propertyFields": [[name] for name in build_row("", stream, 1)],
        }
        for stream in SHARES
    ]


def _customer(dice: bytes, number: int) -> Json:
    first, last = FIRST_NAMES[dice[0] % 10], LAST_NAMES[dice[1] % 10]
    email = f"{first}.{last}.{number}@example.com".lower()
    return {"name": f"{first} {last}", "email": email, "country": COUNTRIES[dice[2] % 10]}


def _order(dice: bytes, number: int) -> Json:
    amount = int.from_bytes(dice[:2], "big") / 100
    status = ORDER_STATUSES[dice[3] % len(ORDER_STATUSES)]
    return {
        "customer_id": dice[2] % max(1, number) + 1,
        "amount": amount,
        "currency": "EUR",
        "status": status,
    }


def _payment(dice: bytes, number: int) -> Json:
    method = PAYMENT_METHODS[dice[2] % len(PAYMENT_METHODS)]
    return {"order_id": number * 2, "amount": int.from_bytes(dice[:2], "big") / 100, "method": method}


_FIELDS = {"customers": _customer, "orders": _order, "payments": _payment}

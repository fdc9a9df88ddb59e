"""The rows of the built-in source: each is a function of its connection, stream and number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dag_factory.local_airbyte.model.json_values import Json

# Keys of a stream's state: the number of the last row that was synced, and of the last one the source has.
CURSOR, HEAD = "id", "head"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
MAX_ROWS = 10_000_000  # of one sync: 2 GB on disk
# Each stream's share of a connection's rows, in quarters.
SHARES = {"customers": 1, "orders": 2, "payments": 1}
COUNTRIES = ("AT", "BR", "CA", "DE", "ES", "FR", "IN", "JP", "NL", "US")
FIRST_NAMES = ("Ada", "Alan", "Barbara", "Edsger", "Grace", "Ken", "Leslie", "Margaret", "Niklaus", "Radia")
LAST_NAMES = ("Berg", "Costa", "Fischer", "Garcia", "Ito", "Kowalski", "Martin", "Novak", "Okafor", "Singh")
ORDER_STATUSES = ("open", "paid", "shipped", "returned")
PAYMENT_METHODS = ("card", "transfer", "cash")


@dataclass(frozen=True, kw_only=True, slots=True)
class RowCounts:
    """The number of rows for a connection's first sync, and of new rows for each later one."""

    first: int = 400
    then: int = 20

    def __post_init__(self) -> None:
        if not all(isinstance(count, int) and 0 <= count <= MAX_ROWS for count in (self.first, self.then)):
            message = f"row counts must be integers from 0 to {MAX_ROWS}"
            raise ValueError(message)


def share(total: int) -> dict[str, int]:
    """Split a number of rows over the streams; the last stream gets the remainder."""
    counts = {stream: total * quarters // 4 for stream, quarters in SHARES.items()}
    counts["payments"] += total - sum(counts.values())
    return counts


def new_heads(states: Mapping[str, Json], counts: RowCounts) -> dict[str, int]:
    """Return the number of each stream's last row once the rows for the next sync are added."""
    grown = share(counts.then if states else counts.first)
    return {stream: number_in(states.get(stream, {}), HEAD) + grown[stream] for stream in SHARES}


def build_row(connection_id: str, stream: str, number: int) -> Json:
    """Return a row that depends on the arguments alone."""
    digest = hashlib.blake2b(f"{connection_id}/{stream}/{number}".encode(), digest_size=16).digest()
    fields = _FIELDS[stream](digest, number)
    return {CURSOR: number, **fields, "updated_at": (EPOCH + timedelta(minutes=number)).isoformat()}


def number_in(state: Json, key: str) -> int:
    """Return a number from a stream's state; 0 if it is missing."""
    number = state.get(key, 0)
    return number if isinstance(number, int) else 0


def stream_properties() -> list[Json]:
    """Return the streams as in the answer to `GET /streams`."""
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


def _customer(digest: bytes, number: int) -> Json:
    first, last = FIRST_NAMES[digest[0] % 10], LAST_NAMES[digest[1] % 10]
    email = f"{first}.{last}.{number}@example.com".lower()
    return {"name": f"{first} {last}", "email": email, "country": COUNTRIES[digest[2] % 10]}


def _order(digest: bytes, number: int) -> Json:
    amount = int.from_bytes(digest[:2], "big") / 100
    status = ORDER_STATUSES[digest[3] % len(ORDER_STATUSES)]
    return {
        "customer_id": digest[2] % max(1, number) + 1,
        "amount": amount,
        "currency": "EUR",
        "status": status,
    }


def _payment(digest: bytes, number: int) -> Json:
    method = PAYMENT_METHODS[digest[2] % len(PAYMENT_METHODS)]
    return {"order_id": number * 2, "amount": int.from_bytes(digest[:2], "big") / 100, "method": method}


_FIELDS = {"customers": _customer, "orders": _order, "payments": _payment}

"""Faults of whole lists: their order, their pages and what they say of the next page."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from dag_factory.local_airbyte.faults.fault import OVERLAPPING, SHORT_PAGES, UNORDERED, Fault
from dag_factory.local_airbyte.model.json_values import Json

# Kinds that need the whole list to make one page of it.
WHOLE_LIST = (UNORDERED, OVERLAPPING, SHORT_PAGES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """The page that a call asks for."""

    limit: int
    offset: int


def requested_page(query: str) -> Page:
    """Return the page of a query; what is not a number counts as absent."""
    given = dict(parse_qsl(query))
    return Page(limit=_number(given.get("limit", ""), 20), offset=_number(given.get("offset", ""), 0))


def page_query(query: str, page: Page) -> str:
    """Return the query with another page."""
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in ("limit", "offset")]
    return urlencode([*kept, ("limit", str(page.limit)), ("offset", str(page.offset))])


def page_of(fault: Fault, items: Sequence[object], page: Page) -> list[object]:
    """Return the page that the fault makes of the whole list."""
    if fault.kind == SHORT_PAGES:
        return _short_page(items, page)
    listed = _unordered(fault, items) if fault.kind == UNORDERED else _moved(items, page)
    return listed[page.offset : page.offset + page.limit]


def set_page(document: Json, data: list[object], next_url: str) -> None:
    """Put another page into the answer; as in Airbyte, there is a next one unless this one is empty."""
    document.update(data=data, next=next_url if data else "")


def lie_about_next(document: object, next_url: str) -> None:
    """Say that there is a next page after the last one only, which is empty."""
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        document["next"] = "" if document["data"] else next_url


def _short_page(items: Sequence[object], page: Page) -> list[object]:
    """Return half of what the page could hold; the next multiple of the limit goes on from there."""
    half = max(1, page.limit // 2)
    start = page.offset * half // page.limit
    return list(items[start : start + half])


def _unordered(fault: Fault, items: Sequence[object]) -> list[object]:
    """Return another order for each call; the same fault gives the same orders again."""
    listed = list(items)
    random.Random(f"{fault.seed} {fault.met}").shuffle(listed)  # noqa: S311 (nothing secret)
    return listed


def _moved(items: Sequence[object], page: Page) -> list[object]:
    """Return the list after its last item has become the first, for all pages but the first one.

    A client gets the last item of the first page twice, and never the one that has moved.
    """
    return [*items[-1:], *items[:-1]] if page.offset else list(items)


def _number(text: str, default: int) -> int:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else default

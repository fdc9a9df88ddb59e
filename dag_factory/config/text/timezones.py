"""Names of time zones: which the IANA database has, and what to write instead of others."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dag_factory.config.text.templates import unrendered_help

if TYPE_CHECKING:
    from dag_factory.config.text.suggestions import Patience


@functools.lru_cache(maxsize=1024)
def is_timezone(name: str) -> bool:
    """Whether the IANA database has a time zone of this name."""
    # Of a name the database makes a path, and imports the folders of its package one inside the other.
    if not _ZONE.fullmatch(name) or _OF_A_SYSTEM.match(name):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder of the database, or another file in it
        return False
    return True


# What only the folders of some systems hold beside the database's own names.
_OF_A_SYSTEM = re.compile(r"(posix|right)/|(localtime|posixrules|Factory)$")
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,30}(?:/[A-Za-z0-9_+-]{1,30}){0,2}")


# What people write for a zone that the database names by a city.
_OTHER_ZONES = {
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "cst": "America/Chicago",
    "cdt": "America/Chicago",
    "edt": "America/New_York",
    "mdt": "America/Denver",
    "bst": "Europe/London",
    "cest": "Europe/Berlin",
    "ist": "Asia/Kolkata",
    "jst": "Asia/Tokyo",
}


_OFFSET = re.compile(r"\s*(UTC|GMT)?\s*[+-]\s*\d{1,2}(:?\d{2})?\s*", re.IGNORECASE)


def timezone_hint(name: str, patience: Patience) -> str:
    """Say what to write instead of a name that the database does not have."""
    from dag_factory.config.text import suggestions  # noqa: PLC0415 (only for a name that is wrong)

    unrendered = unrendered_help(name)
    if unrendered is not None:
        return unrendered
    if name.lower() in _OTHER_ZONES:
        return f"write an IANA name such as {_OTHER_ZONES[name.lower()]} or UTC"
    if _OFFSET.fullmatch(name):
        # Not Etc/GMT+2, which is two hours behind UTC.
        return "write a place such as Europe/Berlin: an offset knows no summer time"
    zones = _zones()
    cities = {zone.rsplit("/", 1)[-1].lower(): zone for zone in zones if "/" in zone}
    city = cities.get(name.strip().replace(" ", "_").lower())
    if city is not None:
        return f"write '{city}'"
    return (
        suggestions.did_you_mean(name, zones, patience) or "write an IANA name such as Europe/Berlin or UTC"
    )


@functools.cache
def _zones() -> list[str]:
    """List all time zones, once: they are searched for in the whole database."""
    from zoneinfo import available_timezones  # noqa: PLC0415 (only for a name that is wrong)

    return sorted(zone for zone in available_timezones() if not _OF_A_SYSTEM.match(zone))

"""Names of time zones: which ones the IANA database has, and what to write instead of others."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dag_factory.config.text.templates import unrendered_hint

if TYPE_CHECKING:
    from dag_factory.config.text.suggestions import SearchLimit


@functools.lru_cache(maxsize=1024)
def is_timezone(name: str) -> bool:
    """Whether the IANA database has a time zone of this name."""
    # The database turns a name into a path, and imports each folder of it as a package.
    if not _ZONE.fullmatch(name) or _SYSTEM_FILE.match(name):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder of the database, or another file in it
        return False
    return True


# Files that some systems have beside the names of the database.
_SYSTEM_FILE = re.compile(r"(posix|right)/|(localtime|posixrules|Factory)$")
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,30}(?:/[A-Za-z0-9_+-]{1,30}){0,2}")


# Abbreviations that people write for a zone of the database.
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


def timezone_hint(name: str, limit: SearchLimit) -> str:
    """Say what to write instead of an unknown name."""
    from dag_factory.config.text import suggestions  # noqa: PLC0415 (only for a name that is wrong)

    unrendered = unrendered_hint(name)
    if unrendered is not None:
        return unrendered
    if name.lower() in _OTHER_ZONES:
        return f"write an IANA name such as {_OTHER_ZONES[name.lower()]} or UTC"
    if _OFFSET.fullmatch(name):
        # Not Etc/GMT+2, which is two hours behind UTC.
        return "write a place such as Europe/Berlin: an offset has no daylight saving time"
    zones = _zones()
    cities = {zone.rsplit("/", 1)[-1].lower(): zone for zone in zones if "/" in zone}
    city = cities.get(name.strip().replace(" ", "_").lower())
    if city is not None:
        return f"write '{city}'"
    return suggestions.did_you_mean(name, zones, limit) or "write an IANA name such as Europe/Berlin or UTC"


@functools.cache
def _zones() -> list[str]:
    """List all time zones, once in a process: finding them reads the whole database."""
    from zoneinfo import available_timezones  # noqa: PLC0415 (only for a name that is wrong)

    return sorted(zone for zone in available_timezones() if not _SYSTEM_FILE.match(zone))

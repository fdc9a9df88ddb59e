"""What somebody probably meant: the nearest known word, and values that are written otherwise elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from dag_factory.config import durations


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that is most like this one, as people mistype, reorder or glue words."""
    import difflib  # noqa: PLC0415 (only where something is wrong)

    words = list(known)
    if len(word) > _LONGEST:
        return None
    same = {_letters(each): each for each in words}
    turned = {tuple(sorted(_parts(each))): each for each in words if "_" in each}
    found = same.get(_letters(word)) or turned.get(tuple(sorted(_parts(word))))
    if found:
        return found
    alike = difflib.get_close_matches(word, words, n=1) or difflib.get_close_matches(
        snake_case(word), words, n=1
    )
    return alike[0] if alike else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Ask for the nearest known word; None if none is near."""
    alike = nearest(word, known)
    return None if alike is None else f"did you mean '{alike}'?"


def snake_case(word: str) -> str:
    """Write a name in another style (retryDelay, retry-delay, Retry Delay) as the language does."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word)
    return re.sub(r"[-. ]+", "_", split).strip("_").lower()


def duration(text: str) -> str | None:
    """Guess the duration that a text such as '1 hour', '1:30:00', 'PT6H' or 'daily' stands for."""
    word = text.strip().lower()
    if word in _PERIODS:
        return _PERIODS[word]
    clock = re.fullmatch(r"([0-9]{1,3}):([0-9]{2})(?::([0-9]{2}))?", word)
    if clock:
        hours, minutes, rest = (int(part or 0) for part in clock.groups())
        return _positive(hours * 3600 + minutes * 60 + rest)
    iso = re.fullmatch(r"p((?:[0-9]{1,5}[dw])?)t?((?:[0-9]{1,6}[hms]){0,3})", word)
    parts = _NUMBER.findall("".join(iso.groups()) if iso else word)
    known = all(unit[:1] in _SECONDS and _UNIT.fullmatch(unit) for _, unit in parts)
    if not parts or not known or (not iso and _NUMBER.sub("", word).strip(" ,+")):
        return None
    return _positive(sum(round(float(number) * _SECONDS[unit[:1]]) for number, unit in parts))


def date(text: str) -> str | None:
    """Guess the date that a text such as 2026-1-5, 2026/01/05 or 31.01.2026 stands for."""
    iso = re.fullmatch(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})", text.strip())
    if iso:
        return f"{iso[1]}-{iso[2]:0>2}-{iso[3]:0>2}"
    german = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", text.strip())
    return f"{german[3]}-{german[2]:0>2}-{german[1]:0>2}" if german else None


def connection_id(text: str) -> str | None:
    """Find the UUID in the address of a connection's page, or in one written without dashes."""
    address = re.search(rf"/connections/({_UUID})", text, re.IGNORECASE)
    if address:
        return address[1]
    inside = re.fullmatch(rf"\s*[{{<]?({_UUID})[}}>]?\s*", text, re.IGNORECASE)
    if inside:
        return inside[1]
    bare = re.fullmatch(r"([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})", text.lower())
    return "-".join(bare.groups()) if bare else None


def name(text: str) -> str | None:
    """Give a name with an underscore for each run of characters that a name cannot have."""
    latin = unicodedata.normalize("NFKD", text[:_LONGEST].translate(_UMLAUTS))
    text = "".join(char for char in latin if not unicodedata.combining(char))
    mended = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")
    return mended or None


def import_path(text: str) -> str | None:
    """Give the import path of a notifier that is named by its service, or with a colon or a slash."""
    known = _NOTIFIERS.get(text.strip().lower())
    if known:
        return known
    mended = re.sub(r"\.py$", "", text).replace(":", ".").replace("/", ".")
    whole = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", mended)
    return mended if whole and mended != text else None


def _positive(seconds: int) -> str | None:
    return durations.text(seconds) if seconds > 0 else None


def _letters(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())


def _parts(word: str) -> list[str]:
    return snake_case(word).split("_")


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})

# Longer words are like none, and would take difflib seconds.
_LONGEST = 100

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NUMBER = re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,3})?)\s{0,3}([a-z]{1,8})")
_UNIT = re.compile(r"w(eeks?)?|d(ays?)?|h(ours?|rs?)?|m(in(ute)?s?)?|s(ec(ond)?s?)?")
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PERIODS = {
    **dict.fromkeys(("minute", "minutely"), "1m"),
    **dict.fromkeys(("hour", "hourly"), "1h"),
    **dict.fromkeys(("day", "daily"), "1d"),
    **dict.fromkeys(("week", "weekly"), "7d"),
}
_NOTIFIERS = {
    "slack": "airflow.providers.slack.notifications.slack.SlackNotifier",
    "slack_webhook": "airflow.providers.slack.notifications.slack_webhook.SlackWebhookNotifier",
    **dict.fromkeys(("email", "smtp", "mail"), "airflow.providers.smtp.notifications.smtp.SmtpNotifier"),
    "pagerduty": "airflow.providers.pagerduty.notifications.pagerduty.PagerdutyNotifier",
    "opsgenie": "airflow.providers.opsgenie.notifications.opsgenie.OpsgenieNotifier",
    "discord": "airflow.providers.discord.notifications.discord.DiscordNotifier",
}

# What a schema's message about a pattern begins with, and who guesses what was meant.
GUESSES: tuple[tuple[str, Callable[[str], str | None]], ...] = (
    ("a duration", duration),
    ("a date", date),
    ("a connection_id", connection_id),
    ("a DAG id", name),
    ("a sync's name", name),
    ("an environment's name", name),
    ("a notifier", import_path),
)


def value(description: str, text: str) -> str | None:
    """Guess what was meant by a value that does not fit the schema's description of it."""
    for beginning, guess in GUESSES:
        if description.startswith(beginning):
            return guess(text)
    return None

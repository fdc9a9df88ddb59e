"""What somebody probably meant: the nearest known word, and values that are written otherwise elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from dag_factory.config.text import durations


@dataclass(kw_only=True, slots=True)
class Patience:
    """How many more words may be compared to find what a file probably means.

    Of one file: its mistakes and its names may be many, and what is told must not take longer for it.
    `glances` are words of which letters are counted; `pairs` are pairs of letters, of one word with another.
    What was `answered` once is not searched for again: people copy their mistakes.
    """

    glances: int = 20_000
    pairs: int = 300_000
    answered: dict[tuple[str, tuple[str, ...]], str | None] = field(default_factory=dict)


def nearest(word: str, known: Iterable[str], patience: Patience) -> str | None:
    """Give the known word that is most like this one, as people mistype, reorder or glue words.

    None is given too where the patience is at its end.
    """
    question = (word, tuple(known))
    if question not in patience.answered:
        patience.answered[question] = _searched(*question, patience)
    return patience.answered[question]


def _searched(word: str, words: Sequence[str], patience: Patience) -> str | None:
    if len(word) > _LONGEST or patience.glances < len(words) or patience.pairs <= 0:
        return None
    patience.glances -= len(words)
    same = {_letters(each): each for each in words}
    turned = {tuple(sorted(_parts(each))): each for each in words if "_" in each}
    found = same.get(_letters(word)) or turned.get(tuple(sorted(_parts(word))))
    spellings = dict.fromkeys((word, snake_case(word)))
    return found or next(filter(None, (_closest(each, words, patience) for each in spellings)), None)


def did_you_mean(word: str, known: Iterable[str], patience: Patience) -> str | None:
    """Ask for the nearest known word; None if none is near."""
    alike = nearest(word, known, patience)
    return None if alike is None else f"did you mean '{alike}'?"


def _closest(word: str, words: Sequence[str], patience: Patience) -> str | None:
    """Compare a few words that may be most alike; of equal ones the first is taken."""
    import difflib  # noqa: PLC0415 (only where something is wrong)
    from heapq import nlargest  # noqa: PLC0415 (as above)

    matcher = difflib.SequenceMatcher(None, "", word)

    def likeness(other: str) -> tuple[float, int]:
        matcher.set_seq1(other)
        # Both are upper bounds of the ratio, and cheap.
        bound = min(matcher.real_quick_ratio(), 1.0)
        return (matcher.quick_ratio() if bound >= _ALIKE else 0.0), _common_ends(word, other)

    def ratio(other: str) -> float:
        patience.pairs -= len(word) * len(other)
        matcher.set_seq1(other)
        return matcher.ratio() if patience.pairs >= 0 else 0.0

    rough = [(likeness(each), each) for each in words]
    best = nlargest(_FEW, (pair for pair in rough if pair[0][0] >= _ALIKE), key=itemgetter(0))
    ratios = {each: ratio(each) for _, each in best}
    closest = max(ratios, key=ratios.__getitem__, default=None)
    return closest if closest is not None and ratios[closest] >= _ALIKE else None


def _common_ends(one: str, other: str) -> int:
    """Count the letters with which both begin and end."""
    shorter = min(len(one), len(other))
    start = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    rest = shorter - start
    return start + next((at for at in range(rest) if one[-1 - at] != other[-1 - at]), rest)


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
    parts = re.findall(_NUMBER, "".join(iso.groups()) if iso else word)
    known = all(unit[:1] in _SECONDS and re.fullmatch(_UNIT, unit) for _, unit in parts)
    if not parts or not known or (not iso and re.sub(_NUMBER, "", word).strip(" ,+")):
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
    # Of one digit alone it would be a stand-in again.
    return "-".join(bare.groups()) if bare and len(set(text.lower())) > 1 else None


def name(text: str) -> str | None:
    """Give a name with an underscore for each run of characters that a name cannot have."""
    latin = unicodedata.normalize("NFKD", text[:100].translate(_UMLAUTS))
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

# Longer words are like none: what a look takes grows with the square of their length.
_LONGEST = 80

# The least ratio (of difflib) of words that are alike, and how many are looked at to find it.
_ALIKE, _FEW = 0.6, 10

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NUMBER = r"([0-9]{1,7}(?:\.[0-9]{1,3})?)\s{0,3}([a-z]{1,8})"
_UNIT = r"w(eeks?)?|d(ays?)?|h(ours?|rs?)?|m(in(ute)?s?)?|s(ec(ond)?s?)?"
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
            meant = guess(text)
            return None if meant == text else meant
    return None

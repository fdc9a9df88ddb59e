"""Suggests what was probably meant: the most similar known word, or a value in its valid form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from types import MappingProxyType

from dag_factory.config.text import durations


@dataclass(kw_only=True, slots=True)
class SearchLimit:
    """How many more words may be compared in one file, which may hold many errors and many names.

    `words` bounds the rough comparisons, which count letters; `letter_pairs` bounds the exact ones, by the
    product of the lengths of both words. `results` keeps what has been found, since people copy their errors.
    """

    words: int = 20_000
    letter_pairs: int = 300_000
    results: dict[tuple[str, tuple[str, ...]], str | None] = field(default_factory=dict)


def nearest(word: str, known: Iterable[str], limit: SearchLimit) -> str | None:
    """Find the known word that is most similar, allowing for misspelt, reordered or joined words.

    None if no word is similar, or if the limit is reached.
    """
    question = (word, tuple(known))
    if question not in limit.results:
        limit.results[question] = _search(*question, limit)
    return limit.results[question]


def _search(word: str, words: Sequence[str], limit: SearchLimit) -> str | None:
    if len(word) > _LONGEST or limit.words < len(words) or limit.letter_pairs <= 0:
        return None
    limit.words -= len(words)
    same_letters = {_letters(each): each for each in words}
    same_parts = {tuple(sorted(_parts(each))): each for each in words if "_" in each}
    found = same_letters.get(_letters(word)) or same_parts.get(tuple(sorted(_parts(word))))
    spellings = dict.fromkeys((word, snake_case(word)))
    return found or next(filter(None, (_most_similar(each, words, limit) for each in spellings)), None)


def did_you_mean(word: str, known: Iterable[str], limit: SearchLimit) -> str | None:
    """Ask whether the nearest known word was meant; None if no word is near."""
    similar = nearest(word, known, limit)
    return None if similar is None else f"did you mean '{similar}'?"


def _most_similar(word: str, words: Sequence[str], limit: SearchLimit) -> str | None:
    """Compare the word with the few that are roughly most similar; the first of equal ones wins."""
    import difflib  # noqa: PLC0415 (only where something is wrong)
    from heapq import nlargest  # noqa: PLC0415 (as above)

    matcher = difflib.SequenceMatcher(None, "", word)

    def rough_ratio(other: str) -> tuple[float, int]:
        matcher.set_seq1(other)
        # Both are upper bounds of the ratio, and cheap.
        bound = min(matcher.real_quick_ratio(), 1.0)
        return (matcher.quick_ratio() if bound >= _SIMILAR else 0.0), _common_ends(word, other)

    def ratio(other: str) -> float:
        limit.letter_pairs -= len(word) * len(other)
        matcher.set_seq1(other)
        return matcher.ratio() if limit.letter_pairs >= 0 else 0.0

    rough = [(rough_ratio(each), each) for each in words]
    best = nlargest(_FEW, (pair for pair in rough if pair[0][0] >= _SIMILAR), key=itemgetter(0))
    ratios = {each: ratio(each) for _, each in best}
    closest = max(ratios, key=ratios.__getitem__, default=None)
    return closest if closest is not None and ratios[closest] >= _SIMILAR else None


def _common_ends(one: str, other: str) -> int:
    """Count the letters with which both begin and end."""
    shorter = min(len(one), len(other))
    start = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    rest = shorter - start
    return start + next((at for at in range(rest) if one[-1 - at] != other[-1 - at]), rest)


def snake_case(word: str) -> str:
    """Write a name of another style (retryDelay, retry-delay, Retry Delay) in snake case."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word)
    return re.sub(r"[-. ]+", "_", split).strip("_").lower()


def duration(text: str) -> str | None:
    """Convert a text such as '1 hour', '1:30:00', 'PT6H' or 'daily' to a duration; None if it is not one."""
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
    """Convert a text such as 2026-1-5, 2026/01/05 or 31.01.2026 to a date; None if it is not one."""
    iso = re.fullmatch(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})", text.strip())
    if iso:
        return f"{iso[1]}-{iso[2]:0>2}-{iso[3]:0>2}"
    german = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", text.strip())
    return f"{german[3]}-{german[2]:0>2}-{german[1]:0>2}" if german else None


def connection_id(text: str) -> str | None:
    """Find the UUID in the URL of a connection's page, or add the dashes that one lacks."""
    url = re.search(rf"/connections/({_UUID})", text, re.IGNORECASE)
    if url:
        return url[1]
    inside = re.fullmatch(rf"\s*[{{<]?({_UUID})[}}>]?\s*", text, re.IGNORECASE)
    if inside:
        return inside[1]
    bare = re.fullmatch(r"([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})", text.lower())
    # One digit repeated is a placeholder.
    return "-".join(bare.groups()) if bare and len(set(text.lower())) > 1 else None


def name(text: str) -> str | None:
    """Replace each run of characters that a name cannot have by an underscore."""
    latin = unicodedata.normalize("NFKD", text[:100].translate(_UMLAUTS))
    text = "".join(char for char in latin if not unicodedata.combining(char))
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_") or None


def import_path(text: str) -> str | None:
    """Convert the name of a service, or a path with colons or slashes, to the import path of a notifier."""
    known = _NOTIFIERS.get(text.strip().lower())
    if known:
        return known
    dotted = re.sub(r"\.py$", "", text).replace(":", ".").replace("/", ".")
    whole = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", dotted)
    return dotted if whole and dotted != text else None


def _positive(seconds: int) -> str | None:
    return durations.text(seconds) if seconds > 0 else None


def _letters(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())


def _parts(word: str) -> list[str]:
    return snake_case(word).split("_")


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})

# Longer words are not compared: the time grows with the square of their length.
_LONGEST = 80

# The least ratio (of difflib) of similar words, and how many words are compared exactly.
_SIMILAR, _FEW = 0.6, 10

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

# What `x-suggest` beside a pattern in the schemas can name.
SUGGESTIONS: Mapping[str, Callable[[str], str | None]] = MappingProxyType(
    {
        "duration": duration,
        "date": date,
        "connection_id": connection_id,
        "name": name,
        "import_path": import_path,
    }
)


def value(suggestion: str | None, text: str) -> str | None:
    """Suggest a valid value for a text that its pattern does not match; None if nothing fits."""
    suggest = SUGGESTIONS.get(suggestion or "")
    suggested = None if suggest is None else suggest(text)
    return None if suggested == text else suggested

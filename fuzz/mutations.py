"""Configurations made from others: with other lines and words, text that breaks parsers, or random bytes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

# Text that has broken other YAML parsers.
HARD = (
    *("&a [*a, *a]", "*a", "&a", "<<: *a", "<<: [*a, *a]", "!!python/object:os.system", "!!binary x", "? a"),
    *("\u0085", "\u2028", "\ufeff", "\x00", "\x1b[2J", "\t", "\r", "\r\n", '"\\u0000"', '"\\x1b"', "'", '"'),
    *("[" * 60, "{a: " * 60, "9" * 400, "-0x" + "f" * 40, "1e999", ".inf", ".nan", "0o777", "1_000", "1:30"),
    *(
        "---",
        "...",
        "%YAML 1.2",
        "|",
        ">-",
        "|+9",
        "- ",
        ": ",
        "?",
        "~",
        "no",
        "{}",
        "[]",
        "# dag-factory: ignore[x]",
    ),
    *(
        "{{ x }}",
        "{% x %}",
        "{{" * 50,
        "::error::",
        "]]>",
        "%0A",
        "a" * 3000,
        "\u202e",
        "\U0001f600",
        "e\u0301",
    ),
    *(
        "*/61 * * * *",
        "H(3-1) * * * *",
        "0 0 31 2 *",
        "0 0 H * L5",
        "1-60 0 L * 5#5",
        "@once",
        "PT6H",
        "every day",
    ),
    *("2026-02-30", "9999-12-31T23:59-14:00", "1e3b5a72-7bfd-4808-a13c-204505490110", "password: hunter22"),
    *(
        "://u:p@h/",
        "airflow://x",
        "postgres://h",
        "http://[",
        "../../etc/passwd",
        "timezone: " + "a/" * 300 + "a",
        "timezone: America",
        "gh" + "p_" + "example0" * 5,
        "xox" + "b-" + "0000-example" + ": 1",
        "Europe/Berlin",
        "99999999d",
    ),
    *(
        "a: b: c",
        "key:value",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        "<<",
        "=",
        "yes: on",
    ),
)
_WORD = re.compile(r"[\w.@/*-]+")


class Mutator:
    """Mutates a configuration with words and lines of others."""

    def __init__(self, seeds: Sequence[bytes]) -> None:
        texts = [seed.decode("utf-8", "replace") for seed in seeds]
        self._seeds = tuple(seeds)
        self._lines = sorted({line for text in texts for line in text.splitlines()})
        self._words = sorted({word for text in texts for word in _WORD.findall(text)} | set(HARD))

    def mutate(self, data: bytes, chance: random.Random) -> bytes:
        """Make a few changes; one result in twenty keeps nothing of the input."""
        if chance.random() < 0.05:
            return chance.choice((chance.randbytes(chance.randrange(200)), chance.choice(self._seeds)))
        text = data.decode("utf-8", "surrogateescape")
        for _ in range(chance.choice((1, 1, 1, 1, 2, 3, 8))):
            text = chance.choice(self._CHANGES)(self, text, chance)
        return text.encode("utf-8", "surrogateescape")

    def _replace_word(self, text: str, chance: random.Random) -> str:
        words = list(_WORD.finditer(text))
        if not words:
            return chance.choice(self._words)
        start, end = chance.choice(words).span()
        return f"{text[:start]}{chance.choice(self._words)}{text[end:]}"

    def _insert_word(self, text: str, chance: random.Random) -> str:
        place = chance.randrange(len(text) + 1)
        return f"{text[:place]}{chance.choice(self._words)}{text[place:]}"

    def _insert_hard(self, text: str, chance: random.Random) -> str:
        place = chance.randrange(len(text) + 1)
        return f"{text[:place]}{chance.choice(HARD)}{text[place:]}"

    def _insert_line(self, text: str, chance: random.Random) -> str:
        lines = text.split("\n")
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(self._lines))
        return "\n".join(lines)

    def _delete_lines(self, text: str, chance: random.Random) -> str:
        lines = text.split("\n")
        start = chance.randrange(len(lines))
        del lines[start : start + chance.choice((1, 1, 2, 5))]
        return "\n".join(lines)

    def _repeat_lines(self, text: str, chance: random.Random) -> str:
        lines = text.split("\n")
        start = chance.randrange(len(lines))
        part = lines[start : start + chance.choice((1, 1, 2, 5))]
        times = chance.choice((1, 1, 1, 2, 50))
        # Limited, because repeated mutations would soon exceed the size limit of a file.
        return "\n".join([*lines[:start], *part * times, *lines[start:]]) if len(text) < 20_000 else text

    def _indent(self, text: str, chance: random.Random) -> str:
        lines = text.split("\n")
        at = chance.randrange(len(lines))
        lines[at] = chance.choice((f"  {lines[at]}", f" {lines[at]}", lines[at][1:], lines[at].lstrip()))
        return "\n".join(lines)

    def _delete_span(self, text: str, chance: random.Random) -> str:
        start = chance.randrange(len(text) + 1)
        return text[:start] + text[start + chance.choice((1, 1, 2, 8, 40)) :]

    def _splice(self, text: str, chance: random.Random) -> str:
        other = chance.choice(self._seeds).decode("utf-8", "surrogateescape")
        return text[: chance.randrange(len(text) + 1)] + other[chance.randrange(len(other) + 1) :]

    _CHANGES: tuple[Callable[[Mutator, str, random.Random], str], ...] = (
        *(_replace_word, _replace_word, _insert_word, _insert_hard, _insert_line, _delete_lines),
        *(_repeat_lines, _indent, _delete_span, _splice),
    )


def read_seeds(repository: Path) -> list[bytes]:
    """Read every configuration of the repository: the examples and the golden cases."""
    folders = (repository / "configs", repository / "tests" / "cases")
    files = [file for folder in folders for file in sorted(folder.rglob("*.y*ml")) if file.is_file()]
    return [file.read_bytes() for file in files if file.stat().st_size < 10_000]

"""Which characters are escaped."""

from __future__ import annotations

import unicodedata

import pytest

from dag_factory.report.escapes import columns, escape, escape_start


@pytest.mark.parametrize(
    "char",
    [
        "\N{RIGHT-TO-LEFT OVERRIDE}",
        "\N{LEFT-TO-RIGHT ISOLATE}",
        "\N{ARABIC LETTER MARK}",
        "\N{ZERO WIDTH SPACE}",
        "\N{ZERO WIDTH NO-BREAK SPACE}",
        "\N{SOFT HYPHEN}",
        "\N{NO-BREAK SPACE}",
        "\N{LINE SEPARATOR}",
        "\N{TAG LATIN SMALL LETTER A}",
        "\N{HANGUL FILLER}",
        "\N{BRAILLE PATTERN BLANK}",
        "\N{VARIATION SELECTOR-17}",
        "\ue000",
        "\udc80",
        "\x1b",
        "\x7f",
        "\x9b",
    ],
)
def test_invisible_characters_are_escaped(char):
    escaped = escape(f"a{char}b")
    assert escaped.isascii()
    assert escaped.encode().decode("unicode_escape") == f"a{char}b"


@pytest.mark.parametrize(
    "text", ["ü", "金", "e\u0301", "\N{GRINNING FACE}", "\u26a0\ufe0f", "עברית", "# x [y]"]
)
def test_visible_characters_are_unchanged(text):
    assert escape(text) == text


@pytest.mark.slow
def test_no_formatting_character_remains():
    every = "".join(map(chr, range(0x110000)))
    left = {unicodedata.category(char) for char in escape(every) if char != " "}
    assert left & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"} == set()


@pytest.mark.parametrize("command", ["##[add-matcher]", "##vso[task.complete]", "###[x]"])
def test_commands_of_runners_are_broken(command):
    assert "##[" not in escape(command)
    assert "##vso[" not in escape(command)


def test_columns():
    assert [
        columns(text) for text in ("abc", "é", "e\u0301", "金", "ﾊ", "\N{FULLWIDTH LATIN CAPITAL LETTER A}")
    ] == [3, 1, 1, 2, 1, 2]


def test_a_line_does_not_start_a_command_of_githubs_runner():
    assert escape_start("::error::x") == r"\x3a:error::x"
    assert escape_start("  ::error::x") == r"  \x3a:error::x"
    assert escape_start("a ::error::x") == "a ::error::x"
    assert escape_start(":x") == ":x"

"""`dag-factory rule`: explains the code of a diagnostic, with the entry of docs/rules.md."""

from __future__ import annotations

import argparse
import re

from dag_factory.cli.arguments import suggest
from dag_factory.cli.main import CLEAN, UsageError
from dag_factory.config.codes import CODES, ERRORS
from dag_factory.packaged_files import packaged_text

_ENTRY = re.compile(r"^## (\S+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_CODE_BLOCK = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]+\)")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument(
        "code",
        metavar="CODE",
        nargs="?",
        help="the word in brackets at the end of a diagnostic (default: list all codes)",
    )
    parser.epilog = """\
examples:
  dag-factory rule           # list the codes
  dag-factory rule bad-cron  # explain one"""


def run(arguments: argparse.Namespace) -> int:
    """Print the entry of a code, or all codes."""
    print(_table() if arguments.code is None else entry(arguments.code))
    return CLEAN


def entry(code: str) -> str:
    """Return the entry of a code as Markdown without links; raises UsageError for an unknown code."""
    entries = dict(_ENTRY.findall(_rules_page()))
    if code not in entries:
        message = f"there is no code '{code}'; {suggest(code, entries)}"
        raise UsageError(message)
    parts = _CODE_BLOCK.split(f"{code}\n{entries[code]}".rstrip())
    return "".join(part if part.startswith("```") else _LINK.sub(r"\1", part) for part in parts)


def _table() -> str:
    width = max(map(len, CODES))
    return "\n".join(
        f"{code:{width}}  {'error' if code in ERRORS else 'warning':7}  {text}"
        for code, text in sorted(CODES.items())
    )


def _rules_page() -> str:
    return packaged_text("docs/rules.md", "docs/rules.md")

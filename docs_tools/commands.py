"""The page of all commands, made from their argparse parsers."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator

from dag_factory.cli.main import COMMANDS, import_command

_INTRODUCTION = """\
Every command, argument and option, as `dag-factory COMMAND --help` shows them.
[Commands by example](commands.md) shows what they print.

Exit statuses: 0 for success, 1 for errors found, 2 for wrong usage, 3 for an error in dag-factory itself.
[`validate`](validate.md) explains its own."""


def page() -> str:
    """Write the page."""
    return "\n\n".join(["# Commands", _INTRODUCTION, *map(_section, COMMANDS)]) + "\n"


def parser_of(name: str) -> argparse.ArgumentParser:
    """Return the parser of one command, as the command line creates it."""
    parser = argparse.ArgumentParser(prog=f"dag-factory {name}", add_help=False)
    import_command(name).configure(parser)
    return parser


def _section(name: str) -> str:
    actions = actions_of(parser_of(name))
    summary = COMMANDS[name][0].upper() + COMMANDS[name][1:] + "."
    usage = " ".join(["dag-factory", name, *map(_usage, actions)])
    rows = "\n".join(f"| {_names(action)} | {_escaped(_help(action))} |" for action in actions)
    table = f"| argument | |\n|---|---|\n{rows}"
    examples = f"```sh\n{_examples(name)}\n```"
    parts = [f"## {name}", summary, f"```text\n{usage}\n```", table, _notes(name), examples]
    return "\n\n".join(part for part in parts if part)


def _notes(name: str) -> str:
    """Return what a command's help says before `examples:`, as a paragraph."""
    return _escaped(_epilog(name)[0].strip())


def _examples(name: str) -> str:
    """Return the lines below `examples:` at the end of a command's help."""
    return textwrap.dedent(_epilog(name)[1])


def _epilog(name: str) -> tuple[str, str]:
    notes, _, examples = (parser_of(name).epilog or "").partition("examples:\n")
    return notes, examples


def actions_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """List a parser's arguments: the positional ones first, then the options, each in its order."""
    actions = list(parser._actions)  # argparse offers no other list of them
    return sorted(actions, key=lambda action: bool(action.option_strings))


def _usage(action: argparse.Action) -> str:
    if action.option_strings:
        return f"[{' '.join([action.option_strings[-1], *_values(action)])}]"
    name = _metavar(action)
    return {"*": f"[{name} ...]", "?": f"[{name}]"}.get(str(action.nargs), name)


def _names(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{_metavar(action)}`"
    return ", ".join(f"`{' '.join([name, *_values(action)])}`" for name in action.option_strings)


def _values(action: argparse.Action) -> Iterator[str]:
    if action.nargs != 0:
        yield _metavar(action)


def _metavar(action: argparse.Action) -> str:
    return str(action.metavar or action.dest.upper())


def _help(action: argparse.Action) -> str:
    text = (action.help or "") % {"default": action.default}
    choices = [f"`{choice}`" for choice in action.choices or ()]
    return f"{', '.join(choices)}. {text[:1].upper()}{text[1:]}" if choices else text[:1].upper() + text[1:]


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")

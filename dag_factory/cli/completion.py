"""`dag-factory completion`: prints a script that completes commands, options and choices in a shell.

The script is made from the commands' parsers once, so that no key press starts Python.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from dag_factory.cli.main import CLEAN, COMMANDS, import_command
from dag_factory.config.codes import CODES

# What an argument takes, by its name in the usage. All other names take free text.
_FILES = frozenset({"FILE", "FOLDER", "PATH", "DAG"})
_WORDS = MappingProxyType({"CODE": tuple(sorted(CODES))})


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """An option or a positional argument, and what can be written for it.

    Args:
        names: `-h` and `--help`; empty for a positional argument.
        value: The name of its value in the usage; None if it takes none.
        words: The values to choose from; empty if any text is valid.
    """

    names: tuple[str, ...]
    help: str
    value: str | None
    words: tuple[str, ...]

    @property
    def takes_files(self) -> bool:
        """Whether the value is a path."""
        return self.value in _FILES


Commands = Mapping[str, Sequence[Argument]]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument("shell", choices=tuple(_SCRIPTS), help="the shell to write for")
    parser.epilog = """\
examples:
  eval "$(dag-factory completion bash)"  # in ~/.bashrc
  eval "$(dag-factory completion zsh)"   # in ~/.zshrc, after compinit
  dag-factory completion fish > ~/.config/fish/completions/dag-factory.fish"""


def run(arguments: argparse.Namespace) -> int:
    """Print the script for a shell."""
    print(_SCRIPTS[arguments.shell]({name: arguments_of(name) for name in COMMANDS}), end="")
    return CLEAN


def arguments_of(name: str) -> tuple[Argument, ...]:
    """Return the arguments of a command, as its parser has them."""
    parser = argparse.ArgumentParser()
    import_command(name).configure(parser)
    return tuple(map(_argument, parser._actions))  # argparse has no public list of them


def _argument(action: argparse.Action) -> Argument:
    name = str(action.metavar or action.dest.upper())
    words = tuple(map(str, action.choices or _WORDS.get(name, ())))
    text = (action.help or "") % {"default": action.default}
    value = None if action.nargs == 0 else name
    return Argument(names=tuple(action.option_strings), help=text, value=value, words=words)


def bash(commands: Commands) -> str:
    """Return the script for bash; where it offers no words, bash completes paths."""
    after_option = [
        f'        "{name} {option}") words={_quoted(" ".join(argument.words))} ;;'
        for name, arguments in commands.items()
        for argument in arguments
        if argument.value is not None
        for option in argument.names
    ]
    options = [
        f'        "{name} -"*) words={_quoted(" ".join(o for each in arguments for o in each.names))} ;;'
        for name, arguments in commands.items()
    ]
    positional = [
        f'        "{name} "*) words={_quoted(" ".join(word for each in arguments for word in each.words))} ;;'
        for name, every in commands.items()
        if (arguments := [each for each in every if not each.names])
    ]
    return "\n".join(
        [
            "# bash completion of dag-factory, written by: dag-factory completion bash",
            "_dag_factory() {",
            "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}",
            "    local command= word words=",
            '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
            "        [[ $word == -* ]] || { command=$word; break; }",
            "    done",
            '    case "$command $previous" in',
            *after_option,
            '        *) case "$command $current" in',
            '        " -"*) words="--help --version" ;;',
            f'        " "*) words={_quoted(" ".join(commands))} ;;',
            *options,
            *positional,
            "        esac ;;",
            "    esac",
            "    # Not mapfile: macOS has bash 3.2.",
            '    COMPREPLY=($(compgen -W "$words" -- "$current"))',
            "}",
            "complete -o default -F _dag_factory dag-factory",
            "",
        ]
    )


def zsh(commands: Commands) -> str:
    """Return the script for zsh, which also works as a file `_dag-factory` in its `fpath`."""
    cases = [
        line
        for name, arguments in commands.items()
        for line in (
            f"        {name}) _arguments \\",
            *(f"            {_quoted(spec)} \\" for argument in arguments for spec in _zsh_specs(argument)),
            "            ;;",
        )
    ]
    described = [f"        {_quoted(f'{name}:{COMMANDS[name]}')}" for name in commands]
    return "\n".join(
        [
            "#compdef dag-factory",
            "# zsh completion of dag-factory, written by: dag-factory completion zsh",
            "_dag_factory() {",
            "    local -a commands",
            "    commands=(",
            *described,
            "    )",
            "    if (( CURRENT == 2 )); then",
            "        _describe command commands",
            "        return",
            "    fi",
            "    shift words",
            "    (( CURRENT-- ))",
            '    case "$words[1]" in',
            *cases,
            "    esac",
            "}",
            'if [[ "$funcstack[1]" == "_dag-factory" ]]; then',
            '    _dag_factory "$@"',
            "else",
            "    compdef _dag_factory dag-factory",
            "fi",
            "",
        ]
    )


def fish(commands: Commands) -> str:
    """Return the script for fish."""
    lines = [
        "# fish completion of dag-factory, written by: dag-factory completion fish",
        "complete -c dag-factory -f",
        *(
            f"complete -c dag-factory -n __fish_use_subcommand -a {name} -d {_fish_quoted(COMMANDS[name])}"
            for name in commands
        ),
    ]
    for name, arguments in commands.items():
        condition = _fish_quoted(f"__fish_seen_subcommand_from {name}")
        lines += [
            f"complete -c dag-factory -n {condition} {_fish_argument(argument)}" for argument in arguments
        ]
    return "\n".join([*lines, ""])


def _zsh_specs(argument: Argument) -> list[str]:
    values = f"({' '.join(argument.words)})" if argument.words else ""
    values = values or ("_files" if argument.takes_files else "")
    if not argument.names:
        return [f"*:{argument.value}:{values}"]
    text = argument.help.replace("[", "(").replace("]", ")").replace(":", "\\:")
    value = "" if argument.value is None else f":{argument.value}:{values}"
    return [f"{name}[{text}]{value}" for name in argument.names]


def _fish_argument(argument: Argument) -> str:
    parts = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in argument.names]
    if argument.words:
        parts += ["-x" if argument.names else "", f"-a {_fish_quoted(' '.join(argument.words))}"]
    elif argument.takes_files:
        parts.append("-r -F" if argument.names else "-F")
    elif argument.value is not None and argument.names:
        parts.append("-x")
    parts.append(f"-d {_fish_quoted(argument.help)}")
    return " ".join(part for part in parts if part)


def _quoted(text: str) -> str:
    """Quote a word for bash and zsh."""
    escaped = text.replace("'", "'\\''")
    return f"'{escaped}'"


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


_SCRIPTS: Mapping[str, Callable[[Commands], str]] = MappingProxyType({"bash": bash, "zsh": zsh, "fish": fish})

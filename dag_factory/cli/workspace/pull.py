"""`dag-factory pull`: writes the snapshot of an Airbyte, or says what has changed since it was written."""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dag_factory.cli.arguments import add_configs
from dag_factory.cli.main import CLEAN, FINDINGS, UsageError
from dag_factory.cli.repository import is_outside_repository
from dag_factory.cli.workspace.extra import needs_extra
from dag_factory.cli.workspace.folders import checked_folder
from dag_factory.cli.workspace.progress_line import progress_line
from dag_factory.config.diagnostics import Diagnostic, has_errors
from dag_factory.config.files import top_folder
from dag_factory.config.snapshot.model import Snapshot
from dag_factory.config.snapshot.parsing import MAX_BYTES, parse_snapshot
from dag_factory.config.snapshot.snapshots import (
    DEFAULT_CONN_ID,
    ENDING,
    STREAMS_ENDING,
    Snapshots,
    bytes_of,
    snapshots_beside,
)
from dag_factory.report.escapes import escape
from dag_factory.report.formats import FORMATS, renderer
from dag_factory.report.text import render_one

if TYPE_CHECKING:
    from dag_factory.workspace.snapshots.pulling import Pulled

# What can be a part of a file's name, and does not make a folder look like a snapshot.
_WORD = re.compile(r"(?!.*\.(?:streams|json)$)[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
# The other formats are for programs, which need the same form without a difference.
_FOR_PEOPLE = ("text", "concise", "github")


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A snapshot to write: its Airbyte, its environment, and the file that is there."""

    snapshots: Snapshots
    airbyte_conn_id: str
    environment: str | None
    old: Snapshot | None

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders between the snapshots and the file."""
        return () if self.environment is None else (self.environment,)

    def path(self, ending: str) -> Path:
        """Return the path of a file with an ending."""
        return self.snapshots.folder.joinpath(*self.parts, f"{self.airbyte_conn_id}{ending}")

    def written_path(self, ending: str) -> Path:
        """Return where a file is written: through a link, unless it leads out of the repository."""
        path = self.path(ending)
        if is_outside_repository(path, self.snapshots.folder):
            message = (
                f"'{self.name(ending)}' is a link that leads out of the repository; pull does not follow it"
            )
            raise UsageError(message)
        return Path(os.path.realpath(path))

    def name(self, ending: str) -> str:
        """Return how messages name this file."""
        return "/".join((self.snapshots.name, *self.parts, f"{self.airbyte_conn_id}{ending}"))


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument(
        "--airbyte-conn-id",
        metavar="ID",
        default=DEFAULT_CONN_ID,
        help=f"the Airflow connection of the Airbyte (default: {DEFAULT_CONN_ID})",
    )
    parser.add_argument("--env", metavar="NAME", help="write the snapshot of this environment alone")
    add_configs(parser, "the folder of the configurations, beside which airbyte/ is")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; report what has changed, and exit with 1 if anything has",
    )
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        help="the format of --check (default: text; github in GitHub Actions)",
    )
    parser.add_argument(
        "--accept-removals",
        action="store_true",
        help="write it even if over a third of the connections are gone",
    )
    parser.epilog = """\
Credentials come from AIRFLOW_CONN_<ID>, as for Airflow, else from AIRBYTE_URL, AIRBYTE_CLIENT_ID and
AIRBYTE_CLIENT_SECRET; an Airbyte without authentication needs only the URL, which ends in /v1.

examples:
  dag-factory pull                               # write airbyte/airbyte_default.json
  dag-factory pull --env dev                     # write airbyte/dev/airbyte_default.json
  dag-factory pull --airbyte-conn-id airbyte_eu  # another Airbyte
  dag-factory pull --check                       # for a nightly job: has Airbyte changed?"""


def run(arguments: argparse.Namespace) -> int:
    """Pull, or compare. Exit status 0: written or equal, 1: different or not readable, 2: wrong usage."""
    target = _target(arguments)
    pulled = _pulled(target)
    if isinstance(pulled, str):
        print(f"dag-factory pull: {escape(pulled)}", file=sys.stderr)
        return FINDINGS
    if len(pulled.text.encode()) > MAX_BYTES:
        reason = f"the snapshot of {len(pulled.connections):,} connections is larger than can be read back"
        print(f"dag-factory pull: {reason}, {MAX_BYTES // 1_000_000} MB; nothing is written", file=sys.stderr)
        return FINDINGS
    if arguments.check:
        return _check(target, pulled, _root(arguments.configs), arguments.format)
    return _write(target, pulled, accepts_removals=arguments.accept_removals)


def _target(arguments: argparse.Namespace) -> Target:
    for option, word in (("--env", arguments.env), ("--airbyte-conn-id", arguments.airbyte_conn_id)):
        if word is not None and not _WORD.fullmatch(word):
            message = (
                f"{option} '{escape(word)}' cannot name a file; it has letters, digits, dots, _ and - only, "
                "and does not end in .json or .streams"
            )
            raise UsageError(message)
    if arguments.format is not None and not arguments.check:
        message = "--format is for --check"
        raise UsageError(message)
    root = _root(arguments.configs)
    snapshots = snapshots_beside(root, root.name)
    target = Target(
        snapshots=snapshots, airbyte_conn_id=arguments.airbyte_conn_id, environment=arguments.env, old=None
    )
    return replace(target, old=_old(target, is_needed=arguments.check))


def _root(configs: Path) -> Path:
    return top_folder(checked_folder(configs, "pull"))


def _old(target: Target, *, is_needed: bool) -> Snapshot | None:
    """Read the file that is there: it knows former names, so one that is damaged is not replaced."""
    path, name = target.path(ENDING), target.name(ENDING)
    if not os.path.lexists(path):
        if is_needed:
            message = f"there is no {name} to compare with; run 'dag-factory pull' first"
            raise UsageError(message)
        return None
    data = bytes_of(str(path), name)
    found = data if isinstance(data, Diagnostic) else parse_snapshot(data, name)
    if isinstance(found, Diagnostic):
        raise UsageError(render_one(found))
    return found


@needs_extra("pull")
def _pulled(target: Target) -> Pulled | str:
    """Read the Airbyte; return why not if it cannot be read."""
    from dag_factory.workspace.airbyte.api import open_api  # noqa: PLC0415 (as above)
    from dag_factory.workspace.airbyte.credentials import CredentialsError, access_from  # noqa: PLC0415 (as above)
    from dag_factory.workspace.snapshots.airbyte_lists import PullError, pulled  # noqa: PLC0415 (needs the extra)

    try:
        access = access_from(os.environ, target.airbyte_conn_id)
    except CredentialsError as error:
        raise UsageError(str(error)) from error
    with progress_line(sys.stderr) as line, open_api(access, line.say) as api:
        try:
            return pulled(api, target.old, line.show)
        except PullError as error:
            return str(error)


def _check(target: Target, pulled: Pulled, root: Path, style: str | None) -> int:
    from dag_factory.config.project import resolve_project  # noqa: PLC0415 (only here)
    from dag_factory.workspace.snapshots.drift import drift, files_of, uses_of  # noqa: PLC0415 (as above)

    assert target.old is not None  # noqa: S101 (else the command has ended)
    new = parse_snapshot(pulled.text.encode(), target.name(ENDING))
    assert isinstance(new, Snapshot)  # noqa: S101 (it has just been written)
    resolution = resolve_project(root, target.environment)
    uses = uses_of(resolution.drafts, target.snapshots, target.name(ENDING))
    pull = target.snapshots.pull_command(target.environment, target.airbyte_conn_id)
    found = sorted(drift(target.old, new, uses, pull), key=lambda each: (each.file, each.span, each.message))
    style = style or ("github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text")
    if not found and style in _FOR_PEOPLE:
        print(f"no difference between {target.name(ENDING)} and Airbyte")
        return CLEAN
    print(renderer(style)(found, files_of(found, target.name(ENDING))), end="")
    return FINDINGS if has_errors(found) else CLEAN


def _write(target: Target, pulled: Pulled, *, accepts_removals: bool) -> int:
    from dag_factory.workspace.snapshots.pulling import TooManyRemovalsError, check_removals  # noqa: PLC0415 (as above)
    from dag_factory.workspace.snapshots.writing import write_if_changed  # noqa: PLC0415 (as above)

    if not accepts_removals:
        try:
            check_removals(pulled, target.old)
        except TooManyRemovalsError as error:
            hint = "nothing is written; if that is right, write --accept-removals"
            print(f"dag-factory pull: {error}: {hint}", file=sys.stderr)
            return FINDINGS
    paths = {ending: target.written_path(ending) for ending in (ENDING, STREAMS_ENDING)}
    texts = {paths[ENDING]: pulled.text, paths[STREAMS_ENDING]: pulled.streams_text}
    try:
        written = write_if_changed(texts)
    except OSError as error:
        failed = next(
            (target.name(ending) for ending, path in paths.items() if str(path) == error.filename), ""
        )
        message = (
            f"'{failed or target.snapshots.name}' cannot be written: {error.strerror}; nothing is written"
        )
        raise UsageError(message) from error
    for ending, path in paths.items():
        verb = "wrote" if path in written else "unchanged"
        print(f"{verb} {target.name(ending)}{_counts(target, pulled, ending)}")
    return CLEAN


def _counts(target: Target, pulled: Pulled, ending: str) -> str:
    if ending != ENDING:
        return f": {sum(map(len, pulled.streams.values()))} streams"
    before = {} if target.old is None else target.old.connections
    now = {each.connection_id: each for each in pulled.connections}
    counts = {
        "new": len(now.keys() - before.keys()),
        "gone": len(before.keys() - now.keys()),
        "changed": sum(key in before and before[key] != each for key, each in now.items()),
    }
    noun = "connection" if len(now) == 1 else "connections"
    said = [f"{count} {word}" for word, count in counts.items() if count and target.old is not None]
    return f": {', '.join([f'{len(now)} {noun}', *said])}"

"""`dag-factory schema`: the JSON Schema of the configuration files, for editors."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from dag_factory.cli.main import CLEAN, UsageError
from dag_factory.config.files import TOP_NAME
from dag_factory.config.schema.check import DAG_SCHEMA, DEFAULTS_SCHEMA, schema_text
from dag_factory.config.snapshot.model import Snapshot
from dag_factory.config.snapshot.snapshots import snapshots_beside


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--defaults", action="store_true", help="print the schema of defaults.yaml instead of a DAG's"
    )
    which.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help=f"write both to a folder as {DAG_SCHEMA} and {DEFAULTS_SCHEMA}, with the names in the snapshots "
        "beside it, for editors to complete; files there are replaced",
    )
    parser.epilog = """\
examples:
  dag-factory schema                   # print the schema of a DAG's file
  dag-factory schema --output schemas  # write both schemas, for example after an update of the package"""


def run(arguments: argparse.Namespace) -> int:
    """Print one schema, or write both."""
    if arguments.output is not None:
        _write(arguments.output)
    else:
        print(defaults_alone() if arguments.defaults else schema_text(DAG_SCHEMA), end="")
    return CLEAN


def defaults_alone() -> str:
    """Return the schema of defaults.yaml, with the definitions that it takes from the other file included."""
    defaults: dict[str, Any] = json.loads(schema_text(DEFAULTS_SCHEMA))
    definitions = json.loads(schema_text(DAG_SCHEMA))["$defs"]
    text = json.dumps({**defaults, "$defs": definitions}, indent=2, ensure_ascii=False)
    return text.replace(f'"{DAG_SCHEMA}#/', '"#/') + "\n"


def _names_beside(folder: Path) -> list[str]:
    """Return the names in all snapshots beside a folder; one that cannot be read has none."""
    snapshots = snapshots_beside(folder.resolve().parent / TOP_NAME)
    read = [snapshots.of(*key) for key in snapshots.keys]
    return sorted({name for each in read if isinstance(each, Snapshot) for name in each.names})


def _with_names(schema: str, names: list[str]) -> str:
    """Return a schema with names as examples, which editors complete without refusing others."""
    text = schema_text(schema)
    if schema != DAG_SCHEMA or not names:
        return text
    with_names: dict[str, Any] = json.loads(text)
    for definition in ("connection_name", "sync"):
        with_names["$defs"][definition]["examples"] = names
    return json.dumps(with_names, indent=2, ensure_ascii=False) + "\n"


def _write(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = _names_beside(folder)
        for name in (DAG_SCHEMA, DEFAULTS_SCHEMA):
            (folder / name).write_text(_with_names(name, names), "utf-8")
            print(f"wrote {folder / name}")
    except OSError as error:
        message = f"'{error.filename}' cannot be written: {error.strerror}"
        raise UsageError(message) from error

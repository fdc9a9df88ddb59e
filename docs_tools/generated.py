"""The generated files of docs/ and their sources.

They are committed, so that a Git host and an sdist show them without a build, and so that a pull request
shows what its change of a key or an option does to the reference. A test compares them with what is
generated.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from dag_factory.config.project import validate_project
from dag_factory.report import text
from docs_tools import commands, keys, pictures

ROOT = Path(__file__).parent.parent

_DURATION = """\
A *duration* is a number of seconds, or text such as `90s`, `6m`, `1h30m`, `2d`.
A *date* is written `2026-01-31`, with a time `2026-01-31T05:30`."""
_DAG = f"""\
A document of a configuration file is one DAG, and these are its keys. `schedule` and `syncs` are required;
`schedule` may come from a `defaults.yaml`, which takes every key but `dag_id` and `syncs`. `defaults` and
each entry of `syncs` take [the keys of a sync](sync-keys.md).

{_DURATION}

This page is generated from `schemas/dag.schema.json`, which [editors](editors.md) read too."""
_SYNC = f"""\
The keys of each entry under [`syncs`](dag-keys.md#syncs). [`defaults`](dag-keys.md#defaults) takes all but
`connection_id` and `depends_on`, for every sync that does not have its own.

{_DURATION}

This page is generated from `schemas/dag.schema.json`."""


def files() -> dict[str, str]:
    """Generate every file, by its name below docs/."""
    schema = json.loads((ROOT / "schemas" / "dag.schema.json").read_text("utf-8"))
    given = examples()
    return {
        "dag-keys.md": keys.page("Keys of a DAG", _DAG, keys.dag_keys(schema), given["dag"]),
        "sync-keys.md": keys.page("Keys of a sync", _SYNC, keys.sync_keys(schema), given["sync"]),
        "command-reference.md": commands.page(),
        "pictures/validate.svg": _validate_picture((ROOT / "README.md").read_text("utf-8")),
    }


def examples() -> Mapping[str, Mapping[str, str]]:
    """Read the example of each key, those of a DAG and those of a sync."""
    content: Any = yaml.safe_load((ROOT / "docs_tools" / "examples.yaml").read_text("utf-8"))
    return {part: dict(content[part]) for part in ("dag", "sync")}


def _validate_picture(readme: str) -> str:
    """Draw the output of `validate` when a key of the README's example is misspelt."""
    found = re.search(r"^```yaml configs/(\S+)\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    if found is None:
        message = "README.md has no example `yaml configs/...`"
        raise ValueError(message)
    with tempfile.TemporaryDirectory() as folder:
        configs = Path(folder, "configs")
        configs.mkdir()
        (configs / found[1]).write_text(found[2].replace("retries:", "retrys:"), "utf-8")
        findings = validate_project(configs, "configs", None, lambda _file: True, date(2026, 1, 31))
    shown = text.render(findings.diagnostics, findings.files, colour=False)
    label = "dag-factory validate points at the misspelt key 'retrys' and proposes 'retries'"
    return pictures.terminal(f"$ dag-factory validate\n{shown}", label)

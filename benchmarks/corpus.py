"""Folders of configurations as teams write them, always the same for the same number of files."""

from __future__ import annotations

import random
import uuid
from pathlib import Path

TEAMS = ("sales", "finance", "marketing", "product", "support")
SOURCES = ("orders", "customers", "invoices", "tickets", "sessions", "payments", "campaigns", "contracts")

DEFAULTS = """\
owner: data-platform
tags: [airbyte]
defaults:
  retries: 1
  retry_delay: 1m
"""

TEAM_DEFAULTS = """\
timezone: Europe/Berlin
start_date: 2026-01-01
defaults:
  timeout: 2h
  wait_seconds: 60
"""


def write_corpus(folder: Path, files: int) -> Path:
    """Write a folder `configs` with defaults and this many DAGs, 50 per folder; return the folder."""
    chance = random.Random(files)  # noqa: S311 (nothing secret)
    root = folder / "configs"
    _write(root / "defaults.yaml", DEFAULTS)
    for number in range(files):
        below = root / TEAMS[number % len(TEAMS)] / f"group_{number // 50:03}"
        _write(below / f"load_{number:05}.yaml", _dag(number, chance))
    for team in TEAMS:
        _write(root / team / "defaults.yaml", TEAM_DEFAULTS)
    return root


def _dag(number: int, chance: random.Random) -> str:
    """Return a DAG with two or three syncs; some have an environment or wait for an asset."""
    names = chance.sample(SOURCES, chance.choice((2, 3)))
    lines = [
        "# yaml-language-server: $schema=../../../schemas/dag.schema.json",
        f"description: Load {' and '.join(names)} of shop {number}",
        f"schedule: {_schedule(number, chance)}",
        "max_active_tasks: 4",
        "syncs:",
    ]
    for position, name in enumerate(names):
        lines += _sync(name, names[:position], number, chance)
    if number % 4 == 0:
        lines += ["environments:", "  dev:", "    schedule: null", "    defaults: {timeout: 20m}"]
    return "\n".join(lines) + "\n"


def _schedule(number: int, chance: random.Random) -> str:
    if number % 10 == 9:
        return f"{{assets: [shop_{number - 1}_done]}}"
    if number % 10 == 8:
        return "{every: 6h}"
    return f'"{chance.choice(("H", "15", "45"))} {chance.choice(("H", "4", "6-20/2"))} * * *"'


def _sync(name: str, earlier: list[str], number: int, chance: random.Random) -> list[str]:
    lines = [f"  {name}:", f"    connection_id: {uuid.UUID(int=chance.getrandbits(128), version=4)}"]
    if earlier:
        lines.append(f"    depends_on: [{earlier[-1]}]")
    if chance.random() < 0.3:
        lines.append("    mode: sync")
    if not earlier and number % 10 == 8:
        lines.append(f"    outlets: [shop_{number}_done]")
    return lines


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")

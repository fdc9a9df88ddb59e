"""Fuzz whole folders: a good file next to links, pipes, odd names, broken files and broken snapshots.

    make fuzz-folders                                # 500 folders, through validate and the loader
    .venv/bin/python fuzz/folders.py --seed 17 --runs 1 --keep /tmp/folder   # keep one of them

A folder fails if it causes an internal error in `validate`, if the good DAG is missing, or if a report shows
what looks like a secret. If Airflow is installed, `load_dags` is tried too. The seed is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import logging
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
REPOSITORY = FOLDER.parent

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
GOOD = f"schedule: null\nsyncs:\n  money: {UUID}\n"

# Built from parts, so that secret scanners do not flag this file.
TOKENS = ("gh" + "p_" + "example0" * 5, "xox" + "b-" + "0000-example", "Bearer " + "example0" * 3)

_SNAPSHOT = f'''{{
 "version": 1,
 "workspaces": {{"w": "Analytics"}},
 "connections": {{
  "{UUID}": {{
   "name": "bank → json",
   "status": "active",
   "schedule": {{"scheduleType": "cron", "cronExpression": "0 0 3 * * ? {TOKENS[0]}"}},
   "workspaceId": "w",
   "source": {{"name": "bank", "type": "postgres"}},
   "destination": {{"name": "{TOKENS[1]}", "type": "s3"}},
   "tags": ["{TOKENS[2]}"]
  }}
 }}
}}
'''

ZONES = ("a/" * 300 + "a", "/etc/localtime", "../../etc/passwd", "America", "..", "/", "a" * 300, r"x\0y", "")

NAMES = (
    *("x", "defaults", "good", "y.z", "a" * 249, "\udcff\udcfe", "x\ny", "x y", "::error::x", "é", "\u202e"),
    *("#", "%41", "-", "~", "$(id)", "a" * 251, "CON", "x;y", "'", '"', "{{ x }}"),
)

TARGETS = (
    *(".", "..", "../..", "/", "/dev/zero", "/dev/stdin", "/proc/self/mem", "/proc/self/fd/0", "nowhere"),
    *(
        "good.yaml",
        "good.yaml/x",
        "x.yaml",
        "team",
        "team/x.yaml",
        "a" * 300,
        "a/" * 2040,
        "\udcff",
        "/nowhere",
    ),
)

Chance = random.Random


def make_folder(root: Path, chance: Chance, mutate: Callable[[bytes, Chance], bytes]) -> None:
    """Fill a folder with a good file and up to eight other things, some of them in a subfolder."""
    (root / "team").mkdir(parents=True)
    (root / "good.yaml").write_text(GOOD, "utf-8")
    for _ in range(chance.randrange(1, 9)):
        name, ending = chance.choice(NAMES), chance.choice((".yaml", ".yaml", ".yml", "", ".txt"))
        # Invalid defaults block all files below them, including the good one.
        parent = root / "team" if name == "defaults" else chance.choice((root, root, root / "team"))
        # Skip what exists already or cannot be created on this file system.
        with contextlib.suppress(OSError):
            chance.choice(_THINGS)(parent / f"{name}{ending}", chance, mutate)


def make_snapshots(root: Path, chance: Chance, mutate: Callable[[bytes, Chance], bytes]) -> None:
    """Put snapshots beside `root`, most of them damaged, and a DAG that names a connection."""
    (root / "by_name.yaml").write_text('schedule: null\nsyncs:\n  bank: "bank → json"\n', "utf-8")
    for folder in ("", "dev", chance.choice(("team", "\udcff", "x y"))):
        path = root.parent / "airbyte" / folder / "airbyte_default.json"
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            chance.choice((_snapshot, _snapshot, _snapshot, _link, _pipe, _folder))(path, chance, mutate)


def _snapshot(path: Path, chance: Chance, mutate: Callable[[bytes, Chance], bytes]) -> None:
    data = _SNAPSHOT.encode()
    for _ in range(chance.randrange(3)):
        data = mutate(data, chance)
    path.write_bytes(data[: chance.choice((len(data), chance.randrange(len(data) + 1)))])


def _link(path: Path, chance: Chance, _mutate: object) -> None:
    path.symlink_to(chance.choice((path.name, *TARGETS)))


def _ring(path: Path, chance: Chance, _mutate: object) -> None:
    names = [path, *(path.with_name(f"ring{number}.yaml") for number in range(chance.randrange(1, 60)))]
    for name, target in zip(names, [*names[1:], path], strict=True):
        name.symlink_to(target.name)


def _chain(path: Path, chance: Chance, _mutate: object) -> None:
    """Create a chain of links to a valid file, often longer than the system follows."""
    (path.parent / ".chain0").write_text(GOOD.replace("110", "111"), "utf-8")
    length = chance.choice((1, 39, 41, 1200))
    for number in range(length):
        (path.parent / f".chain{number + 1}").symlink_to(f".chain{number}")
    path.symlink_to(f".chain{length}")


def _pipe(path: Path, _chance: Chance, _mutate: object) -> None:
    os.mkfifo(path)


def _folder(path: Path, _chance: Chance, _mutate: object) -> None:
    path.mkdir()
    (path / "inside.yaml").write_text(GOOD.replace("110", "112"), "utf-8")


def _file(path: Path, chance: Chance, mutate: Callable[[bytes, Chance], bytes]) -> None:
    with path.open("xb") as file:
        file.write(mutate(GOOD.replace("110", "113").encode(), chance))


def _zone(path: Path, chance: Chance, _mutate: object) -> None:
    zone = f'"{chance.choice(ZONES)}"'
    place = chance.choice(
        ("timezone: {}\nstart_date: 2026-01-01\n", "environments: {{dev: {{timezone: {}}}}}\n")
    )
    with path.open("x") as file:
        file.write(f"{place.format(zone)}{GOOD.replace('110', '114')}")


def _secret(path: Path, chance: Chance, _mutate: object) -> None:
    """Return a secret as a key, a value or both, in a comment, or in text that is not YAML."""
    token = f'"{chance.choice(TOKENS)}"'
    forms = (
        "{0}: 1\n{1}",
        "{0}: {0}\n{1}",
        "doc_md: {0}\n{1}",
        "{0}: 1\n{0}: 2\n{1}",
        "# dag-factory: ignore[{0}] x\n{1}",
        "{1}  {0}: {2}\n",
        "environments: {{{0}: {{nope: {0}}}}}\n{1}",
        "x: [{0}\n{1}",
        "x: *{0}\n{1}",
        "trigger_dags: [{{dag_id: a, conf: {{{0}: 1}}}}, {{dag_id: a, conf: {{{0}: 1}}}}]\n{1}",
    )
    with path.open("x") as file:
        file.write(chance.choice(forms).format(token, GOOD.replace("110", "115"), UUID))


def _long(path: Path, chance: Chance, _mutate: object) -> None:
    """Return many syncs with similar names, some of them misspelt."""
    name = "a_rather_long_name_of_a_sync_that_is_like_all_the_others_{:03}"
    wrong = ", ".join(name.format(number).replace("name", "nmae") for number in range(6))
    lines = [
        f"  {name.format(number)}: {{connection_id: {UUID[:-3]}{number:03}, depends_on: [{wrong}]}}\n"
        for number in range(chance.choice((10, 480)))
    ]
    with path.open("x") as file:
        file.write(f"schedule: null\nsyncs:\n{''.join(lines)}")


_THINGS: tuple[Callable[[Path, Chance, Callable[[bytes, Chance], bytes]], None], ...] = (
    *(_link, _link, _link, _ring, _chain, _pipe, _folder, _file, _file, _zone, _secret, _secret, _long),
)


def check_folder(root: Path) -> None:
    """Run validate in every format, and the loader without Airflow.

    Raises AssertionError for an internal error, a missing good DAG, or a secret in a report.
    """
    from dag_factory.cli.main import main as command  # noqa: PLC0415 (only this package's own environment)
    from dag_factory.config.project import load_dag, load_project  # noqa: PLC0415
    from dag_factory.config.text.secret_patterns import shape_in  # noqa: PLC0415
    from dag_factory.report.formats import FORMATS  # noqa: PLC0415

    for style in FORMATS:
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
            status = command(["validate", str(root), "--format", style])
        assert status in (0, 1), f"exit status {status}: {output.getvalue()}"
        shown = [line for line in output.getvalue().splitlines() if shape_in(line) is not None]
        assert not shown, f"a secret in {style}: {shown}"
    loaded = load_project(root, None)
    assert "good" in {dag.dag_id for dag in loaded.dags}, "the good DAG is missing"
    assert load_dag(root, None, "good") is not None, "the good DAG cannot be started"


def check_load(root: Path) -> None:
    """Load the folder as Airflow does, and check that the good DAG is there and the log shows no secret."""
    from dag_factory import ConfigError, load_dags, raise_config_errors  # noqa: PLC0415 (imports Airflow)
    from dag_factory.config.text.secret_patterns import shape_in  # noqa: PLC0415

    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logger = logging.getLogger("dag_factory")
    logger.addHandler(handler)
    try:
        dags = load_dags(root)
        raise_config_errors(root)
    except ConfigError as error:
        log.write(str(error))
    finally:
        logger.removeHandler(handler)
    assert "good" in dags, "the good DAG is missing"
    docs = [dag.doc_md or "" for dag in dags.values()]
    shown = [line for text in (log.getvalue(), *docs) for line in text.splitlines() if shape_in(line)]
    assert not shown, f"a secret in the loader's log or a DAG's docs: {shown}"
    assert "[internal-error]" not in log.getvalue(), log.getvalue()


def main() -> None:
    """Try one folder after another."""
    arguments = _arguments()
    sys.path.insert(0, str(REPOSITORY))
    from fuzz.mutations import Mutator, read_seeds  # noqa: PLC0415 (after the path is set)

    mutator = Mutator(read_seeds(REPOSITORY))
    loads = importlib.util.find_spec("airflow") is not None
    slowest, started = 0.0, time.perf_counter()
    for seed in range(arguments.seed, arguments.seed + arguments.runs):
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as work:
            root = Path(work) / "configs"
            make_folder(root, random.Random(seed), mutator.mutate)  # noqa: S311 (nothing secret)
            if seed % 2:
                make_snapshots(root, random.Random(seed), mutator.mutate)  # noqa: S311 (as above)
            if arguments.keep:
                shutil.copytree(root, arguments.keep / str(seed), symlinks=True, ignore=_pipes)
            try:
                check_folder(root)
                if loads and seed % arguments.load_every == 0:
                    check_load(root)
            except BaseException:
                print(f"seed {seed} fails", flush=True)
                raise
        slowest = max(slowest, time.perf_counter() - began)
    taken = time.perf_counter() - started
    print(f"{arguments.runs:,} folders in {taken:,.0f} s, slowest {slowest:.1f} s, load_dags: {loads}")


def _pipes(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(folder) / name).is_fifo()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="fuzz folders of configurations")
    parser.add_argument("--runs", type=int, default=500, help="number of folders (default: 500)")
    parser.add_argument("--seed", type=int, default=1, help="of the first folder (default: 1)")
    parser.add_argument("--load-every", type=int, default=10, help="of how many one is loaded (default: 10)")
    parser.add_argument("--keep", type=Path, help="copy the folders there")
    return parser.parse_args()


if __name__ == "__main__":
    main()

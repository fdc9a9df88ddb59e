"""Setting up a checkout: the messages of `make install` about unsuitable Pythons, and the commit hooks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

# A Python that is too old, and Debian's without python3-venv.
OLD = "#!/bin/sh\nexit 1\n"
WITHOUT_VENV = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n'


@pytest.fixture
def checkout(repository, tmp_path):
    """Make a checkout in which nothing is installed yet."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(repository / name, tmp_path)
    return tmp_path


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "UV_SYSTEM_CERTS"):
        inherited.pop(name, None)
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def refusal(folder: Path, python: str) -> list[str]:
    result = make(folder, "install", f"PYTHON={python}")
    assert (result.returncode, result.stdout) == (2, "")
    assert not (folder / ".venv").exists()
    return result.stderr.splitlines()[:-1]


def test_no_python(checkout):
    first, second = refusal(checkout, "python3.99")
    assert first.startswith("there is no 'python3.99'; install Python 3.11, 3.12 or 3.13 (Debian, Ubuntu: ")
    assert second == "or name one that is installed: make install PYTHON=python3.12"


@pytest.mark.parametrize(
    ("script", "wrong", "way"),
    [
        (OLD, "is not Python 3.11, 3.12 or 3.13; install one of them", "make install PYTHON=python3.12"),
        (
            WITHOUT_VENV,
            "cannot create environments: its module venv or ensurepip",
            "apt-get install python3-venv",
        ),
    ],
)
def test_an_unsuitable_python(script, wrong, way, checkout):
    python = checkout / "python"
    python.write_text(script)
    python.chmod(0o755)
    first, second = refusal(checkout, str(python))
    assert first.startswith(f"'{python}' {wrong}")
    assert way in second


@pytest.mark.parametrize(
    ("given", "bundle"),
    [
        ({}, ""),
        ({"REQUESTS_CA_BUNDLE": "/a.pem"}, "/a.pem"),
        ({"PIP_CERT": "/b.pem", "REQUESTS_CA_BUNDLE": "/a.pem"}, "/b.pem"),
        ({"SSL_CERT_FILE": "/c.pem", "PIP_CERT": "/b.pem"}, "/c.pem"),
    ],
)
def test_uv_trusts_what_pip_trusts(given, bundle, checkout):
    with (checkout / "Makefile").open("a") as file:
        file.write('\nprinted:\n\t@echo "$$UV_SYSTEM_CERTS,$$SSL_CERT_FILE"\n')
    assert make(checkout, "printed", **given).stdout == f"1,{bundle}\n"


def test_pre_commit_accepts_the_hooks(repository, tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml"],
        cwd=repository,
        env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_the_hooks_of_a_commit_pass(repository):
    """They use the programs of this environment, in any folder."""
    hooks = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
    schemas = sorted(map(str, (repository / "schemas").glob("*.json")))
    files = {"check-metaschema": schemas, "ruff-check": ["docs_tools"], "ruff-format": ["docs_tools"]}
    for hook in hooks:
        program, *arguments = hook["entry"].split()
        command = [Path(sys.executable).with_name(Path(program).name), *arguments, *files.get(hook["id"], [])]
        result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr

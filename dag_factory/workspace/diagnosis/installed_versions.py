"""The checks of `doctor` on the versions of Airflow and Airbyte's packages that are installed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dag_factory.workspace.diagnosis.answers import Answer, error, ok, warning

Version = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Supported:
    """The versions of a package that are supported: from `lowest` to below `below`, tested up to `tested`."""

    lowest: Version
    below: Version
    tested: Version | None = None


# As in pyproject.toml and docs/versions.md; the last is what the provider needs.
SUPPORTED: Mapping[str, Supported] = {
    "apache-airflow": Supported(lowest=(2, 11, 2), below=(4,), tested=(3, 3)),
    "apache-airflow-providers-airbyte": Supported(lowest=(6, 2, 0), below=(7,)),
    "airbyte-api": Supported(lowest=(1, 0, 0), below=(2,)),
}


def check_versions(installed: Mapping[str, str]) -> Iterator[Answer]:
    """Compare each package that is installed with what is supported; a CI job needs none of them."""
    for name, supported in SUPPORTED.items():
        text = installed.get(name)
        yield (
            ok("versions", f"{name} is not installed here") if text is None else _check(name, text, supported)
        )


def _check(name: str, text: str, supported: Supported) -> Answer:
    version, said = version_of(text), f"{name} {text}"
    if not supported.lowest <= version < supported.below:
        wanted = f">={_text(supported.lowest)},<{_text(supported.below)}"
        return error("versions", f"{said} is not supported", f"install {name}{wanted}")
    if supported.tested is not None and version[: len(supported.tested)] > supported.tested:
        newest = _text(supported.tested)
        return warning("versions", f"{said} is newer than {newest}, the newest that was tested")
    return ok("versions", said)


def version_of(text: str) -> Version:
    """Read the numbers at the start of a version; what follows, such as rc1, is ignored."""
    found = re.match(r"\d{1,9}(?:\.\d{1,9})*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def _text(version: Version) -> str:
    return ".".join(map(str, version))

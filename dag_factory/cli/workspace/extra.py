"""Says which extra to install where a command needs more than the base installation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from dag_factory.cli.main import UsageError

P = ParamSpec("P")
T = TypeVar("T")

# No command to copy: pip would look for a bare name in a public index, where anybody may own it.
_INSTALL = "install the package again from where it came from, with '[workspace]' after its name or its file"


def needs_extra(command: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator that reports a missing HTTP client, or a part of it, as wrong usage of a command."""

    def decorate(work: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(work)
        def checked(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return work(*args, **kwargs)
            except ModuleNotFoundError as error:
                if error.name != "httpx":
                    raise
                message = f"{command} asks Airbyte, which needs the extra 'workspace': {_INSTALL}"
                raise UsageError(message) from error
            except ImportError as error:
                # What httpx says of a proxy in the environment or in the connection.
                if "SOCKS proxy" not in str(error):
                    raise
                message = "a SOCKS proxy needs another package: pip install 'httpx[socks]'"
                raise UsageError(message) from error

        return checked

    return decorate

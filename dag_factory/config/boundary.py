"""The one boundary: an exception about a file becomes one diagnostic and costs only that file's DAGs.

No exception is expected here. One that occurs is a bug of this package, or a parser, an interpreter or a
notifier at its limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dag_factory.config.diagnostics import Diagnostic, Span

CODE = "internal-error"

T = TypeVar("T")

_HELP = "this is an error in dag-factory itself; please report it with this line"

# Packages whose BaseExceptions must pass every handler. Neither is imported here.
_PACKAGES = ("airflow", "asyncio")


@dataclass(frozen=True, kw_only=True, slots=True)
class Raised:
    """What a call raised."""

    error: BaseException


def caught(work: Callable[[], T]) -> T | Raised:
    """Do the work; return what it raises.

    Re-raises only control flow: KeyboardInterrupt, and what Airflow raises to end a parse or a task, such as
    its AirflowTaskTimeout.
    """
    try:
        return work()
    except BaseException as error:
        if _is_control_flow(error):
            raise
        return Raised(error=error)


def attempt(
    file: str,
    work: Callable[[], T],
    explain: Callable[[str, BaseException], Diagnostic] | None = None,
) -> T | Diagnostic:
    """Do the work; if it raises, return a diagnostic of the file instead.

    `explain` makes that diagnostic, by default `internal_error`. Control flow is re-raised, as by `caught`.
    """
    done = caught(work)
    return (explain or internal_error)(file, done.error) if isinstance(done, Raised) else done


def internal_error(file: str, error: BaseException) -> Diagnostic:
    """Report what was raised and where in this package, without the text, which may quote a secret."""
    message = f"dag-factory failed on this file: {type(error).__name__} at {_place(error)}"
    return Diagnostic(file=file, span=Span(), code=CODE, message=message, help=_HELP)


def has_internal_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether one of them is an error of this package."""
    return any(diagnostic.code == CODE for diagnostic in diagnostics)


def one_of_each_file(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Keep the first internal error of each file: the others repeat it or follow from it."""
    reported: set[str] = set()
    kept = []
    for diagnostic in diagnostics:
        if diagnostic.code == CODE:
            if diagnostic.file in reported:
                continue
            reported.add(diagnostic.file)
        kept.append(diagnostic)
    return kept


def _is_control_flow(error: BaseException) -> bool:
    of_whom = type(error).__module__.partition(".")[0]
    is_passing = of_whom in _PACKAGES and not isinstance(error, Exception)
    return is_passing or isinstance(error, KeyboardInterrupt)


def _place(error: BaseException) -> str:
    """Name the innermost line of this package in the traceback."""
    package = Path(__file__).parents[1]
    location, at = f"{package.name}/", error.__traceback__
    while at is not None:
        path = Path(at.tb_frame.f_code.co_filename)
        if path.is_relative_to(package):
            location = f"{path.relative_to(package.parent).as_posix()}:{at.tb_lineno}"
        at = at.tb_next
    return location

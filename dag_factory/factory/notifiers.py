"""Notifiers, from their import path to a `BaseNotifier`; nothing of what is none is called.

One that cannot be made is left out, and a diagnostic at its line says why: it costs the notification, never
the DAG.
"""

from __future__ import annotations

import copy
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, TypeGuard

from airflow.providers.common.compat.sdk import BaseNotifier

from dag_factory.config.boundary import Raised, caught
from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.model.dag import Notifier, Notify
from dag_factory.config.text.notifier_paths import InvalidNotifier, notifier_path_error, provider_of
from dag_factory.config.yaml.document import Location

_WHERE = "on the DAG processor and the workers"

# Shorter arguments say nothing, and may be part of any word of an error.
_SHORTEST_HIDDEN = 4
_LONGEST_TEXT = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Callbacks:
    """The notifiers of one DAG that could be made."""

    on_failure: tuple[BaseNotifier, ...] = ()
    on_success: tuple[BaseNotifier, ...] = ()
    on_retry: tuple[BaseNotifier, ...] = ()


class NotifierMaker:
    """Makes the notifiers of all DAGs of one load: what has failed once is not tried, and told, again.

    `prefixes` are what an import path has to begin with; None allows all that `notifier_path_error` does.
    """

    def __init__(self, prefixes: tuple[str, ...] | None) -> None:
        self._prefixes = prefixes
        self._classes: dict[str, type[BaseNotifier] | InvalidNotifier] = {}
        self._faults: dict[Location, Diagnostic] = {}

    @property
    def faults(self) -> tuple[Diagnostic, ...]:
        """What kept notifiers from being made so far, each once."""
        return tuple(self._faults.values())

    def callbacks(self, notify: Notify) -> Callbacks:
        """Make notifiers of a DAG's own: Airflow renders their templates in place."""
        return Callbacks(
            on_failure=tuple(self._made(notify.on_failure)),
            on_success=tuple(self._made(notify.on_success)),
            on_retry=tuple(self._made(notify.on_retry)),
        )

    def _made(self, notifiers: tuple[Notifier, ...]) -> Iterator[BaseNotifier]:
        for notifier in notifiers:
            if notifier.location in self._faults:
                continue
            made = self._make(notifier)
            if isinstance(made, InvalidNotifier):
                fault = notifier.location.diagnostic("bad-notifier", made.message, made.hint)
                self._faults[notifier.location] = fault
            else:
                yield made

    def _make(self, notifier: Notifier) -> BaseNotifier | InvalidNotifier:
        path = notifier.notifier
        if path not in self._classes:
            self._classes[path] = notifier_class(path, self._prefixes)
        found = self._classes[path]
        return found if isinstance(found, InvalidNotifier) else _instance(found, notifier)


def notifier_class(path: str, prefixes: tuple[str, ...] | None) -> type[BaseNotifier] | InvalidNotifier:
    """Import the module of a path and find the class, of which nothing is called; else say what is wrong."""
    fault = notifier_path_error(path, prefixes)
    if fault is not None:
        return fault
    module_name, _, name = path.rpartition(".")
    module = caught(lambda: import_module(module_name))
    if isinstance(module, Raised):
        return _not_imported(path, module.error)
    found = _defined(module, name)
    if _is_notifier_class(found):
        return found
    offered = _offered(module)
    mend = f"write {module_name}.{offered}" if offered else "name a class that is one"
    if found is None:
        return InvalidNotifier(message=f"the module '{module_name}' does not define '{name}'", hint=mend)
    return InvalidNotifier(message=f"'{path}' is no subclass of Airflow's BaseNotifier", hint=mend)


def _instance(notifier: type[BaseNotifier], written: Notifier) -> BaseNotifier | InvalidNotifier:
    # A copy: what one DAG's notifier does with its arguments must not reach those of another.
    arguments = copy.deepcopy(dict(written.arguments))
    made = caught(lambda: notifier(**arguments))
    path = written.notifier
    if isinstance(made, Raised):
        said = _said(made.error, written.arguments)
        message = f"the notifier '{path}' cannot be made: {said}"
        return InvalidNotifier(message=message, hint="correct its arguments, the keys beside 'notifier'")
    if not _is_notifier_class(type(made)):
        message = f"'{path}' makes no BaseNotifier"
        return InvalidNotifier(message=message, hint="name a class that makes one")
    return made


def _defined(module: ModuleType, name: str) -> object:
    """Give what a module holds itself, without asking its `__getattr__`; None if it holds nothing."""
    found: object = inspect.getattr_static(module, name, None)
    return found


def _is_notifier_class(found: object) -> TypeGuard[type[BaseNotifier]]:
    """Whether it is a class below BaseNotifier; asked so that neither it nor its metaclass can answer."""
    if not issubclass(type(found), type):
        return False
    order: tuple[type, ...] = type.__dict__["__mro__"].__get__(found)
    return any(each is BaseNotifier for each in order[1:])


def _offered(module: ModuleType) -> str | None:
    """Name the first notifier that a module defines, if it does."""
    if not issubclass(type(module), ModuleType):
        return None
    # As above: not the `__dict__` of a subclass.
    held: dict[object, object] = vars(ModuleType)["__dict__"].__get__(module)
    public = (name for name in held if isinstance(name, str) and not name.startswith("_"))
    return next((name for name in public if _is_notifier_class(held[name])), None)


def _not_imported(path: str, error: BaseException) -> InvalidNotifier:
    message = f"the notifier '{path}' cannot be imported: {_said(error, {})}"
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing is None:
        return InvalidNotifier(message=message, hint=f"fix or update the package that holds it, {_WHERE}")
    return InvalidNotifier(message=message, hint=_what_to_install(path, missing))


def _what_to_install(path: str, missing: str) -> str:
    provider = provider_of(path)
    root = missing.rpartition(".")[0]
    if not f"{path}.".startswith(f"{missing}."):
        wanted = f"{provider} with all that it needs" if provider else f"the package that holds '{missing}'"
        return f"install {wanted}, {_WHERE}"
    if root in sys.modules and root not in ("airflow", "airflow.providers"):
        return f"correct the path: '{root}' is there and has no such module"
    if provider is not None:
        return f"install {provider} {_WHERE}"
    return f"install the package that holds it {_WHERE}, or correct the path"


def _said(error: BaseException, arguments: Mapping[str, Any]) -> str:
    """Give an error's type and text in one line, without the values of arguments: one may be a secret."""
    lines = traceback.format_exception_only(error)
    text = lines[-1] if isinstance(error, SyntaxError) else lines[0]
    for value in sorted(_texts(arguments), key=len, reverse=True):
        text = text.replace(value, "...").replace(repr(value)[1:-1], "...")
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TEXT else f"{line[:_LONGEST_TEXT]}..."


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str) and len(value) >= _SHORTEST_HIDDEN:
        yield value

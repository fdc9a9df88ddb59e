"""Notifiers, from their import path to a `BaseNotifier`. Nothing else is called.

A notifier that cannot be created is skipped, and a diagnostic at its line says why. Its DAG runs without it.
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

# Shorter arguments are not secrets, and may be part of any word of an error.
_SHORTEST_HIDDEN = 4
_LONGEST_TEXT = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Callbacks:
    """The notifiers of one DAG that could be created."""

    on_failure: tuple[BaseNotifier, ...] = ()
    on_success: tuple[BaseNotifier, ...] = ()
    on_retry: tuple[BaseNotifier, ...] = ()


class NotifierMaker:
    """Creates the notifiers of all DAGs of one load. What failed once is not tried or reported again.

    `prefixes` restricts import paths to those that start with one of them; None allows all.
    """

    def __init__(self, prefixes: tuple[str, ...] | None) -> None:
        self._prefixes = prefixes
        self._classes: dict[str, type[BaseNotifier] | InvalidNotifier] = {}
        self._faults: dict[Location, Diagnostic] = {}

    @property
    def faults(self) -> tuple[Diagnostic, ...]:
        """Why notifiers could not be created so far, each once."""
        return tuple(self._faults.values())

    def callbacks(self, notify: Notify) -> Callbacks:
        """Create new notifiers for a DAG: Airflow renders their templates in place."""
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
    """Import the module of a path and return the class without calling it, or say what is wrong."""
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
    hint = f"write {module_name}.{offered}" if offered else "name a subclass of BaseNotifier"
    if found is None:
        return InvalidNotifier(message=f"the module '{module_name}' does not define '{name}'", hint=hint)
    return InvalidNotifier(message=f"'{path}' is not a subclass of Airflow's BaseNotifier", hint=hint)


def _instance(notifier: type[BaseNotifier], written: Notifier) -> BaseNotifier | InvalidNotifier:
    # A copy: a notifier may change its arguments, and another DAG has the same ones.
    arguments = copy.deepcopy(dict(written.arguments))
    made = caught(lambda: notifier(**arguments))
    path = written.notifier
    if isinstance(made, Raised):
        said = _said(made.error, written.arguments)
        message = f"the notifier '{path}' cannot be created: {said}"
        return InvalidNotifier(message=message, hint="correct its arguments, the keys beside 'notifier'")
    if not _is_notifier_class(type(made)):
        message = f"'{path}' does not create a BaseNotifier"
        return InvalidNotifier(message=message, hint="name a class whose call returns one")
    return made


def _defined(module: ModuleType, name: str) -> object:
    """Return what a module defines under a name, without its `__getattr__`; None if nothing."""
    found: object = inspect.getattr_static(module, name, None)
    return found


def _is_notifier_class(found: object) -> TypeGuard[type[BaseNotifier]]:
    """Whether it is a subclass of BaseNotifier; neither it nor its metaclass gets called."""
    if not issubclass(type(found), type):
        return False
    order: tuple[type, ...] = type.__dict__["__mro__"].__get__(found)
    return any(each is BaseNotifier for each in order[1:])


def _offered(module: ModuleType) -> str | None:
    """Return the name of the first notifier in a module."""
    if not issubclass(type(module), ModuleType):
        return None
    # Not the `__dict__` of a subclass, which could run code.
    held: dict[object, object] = vars(ModuleType)["__dict__"].__get__(module)
    public = (name for name in held if isinstance(name, str) and not name.startswith("_"))
    return next((name for name in public if _is_notifier_class(held[name])), None)


def _not_imported(path: str, error: BaseException) -> InvalidNotifier:
    message = f"the notifier '{path}' cannot be imported: {_said(error, {})}"
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing is None:
        return InvalidNotifier(message=message, hint=f"fix or update the package that contains it, {_WHERE}")
    return InvalidNotifier(message=message, hint=_what_to_install(path, missing))


def _what_to_install(path: str, missing: str) -> str:
    provider = provider_of(path)
    root = missing.rpartition(".")[0]
    if not f"{path}.".startswith(f"{missing}."):
        wanted = (
            f"{provider} with all its dependencies" if provider else f"the package that contains '{missing}'"
        )
        return f"install {wanted}, {_WHERE}"
    if root in sys.modules and root not in ("airflow", "airflow.providers"):
        return f"correct the path: '{root}' is installed and has no such module"
    if provider is not None:
        return f"install {provider} {_WHERE}"
    return f"install the package that contains it {_WHERE}, or correct the path"


def _said(error: BaseException, arguments: Mapping[str, Any]) -> str:
    """Return an error's type and text in one line, without the arguments' values: one may be a secret."""
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

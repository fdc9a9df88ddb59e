"""The loader that the files in `dags/` call: a broken configuration never affects another DAG."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, TaskGroup, get_parsing_context

from dag_factory import garbage_collection, versions
from dag_factory.config import boundary
from dag_factory.config.boundary import attempt
from dag_factory.config.diagnostics import ConfigError, Diagnostic, Severity, sort_unique
from dag_factory.config.model.dag import Dag
from dag_factory.config.project import Project, load_dag, load_project
from dag_factory.config.secrets import without_secrets
from dag_factory.config.text.notifier_paths import PREFIXES_VARIABLE, prefixes_from
from dag_factory.factory.build import build_dag, build_group
from dag_factory.factory.dry_run import DryRun
from dag_factory.factory.notifiers import Callbacks, NotifierMaker
from dag_factory.report.text import render_one

log = logging.getLogger(__name__)


def config_folder(dag_file: str | Path) -> Path:
    """Find `configs/` for a DAG file: beside its folder, else inside it.

    Links are resolved first, so that one parse reads one revision behind git-sync's link or in a versioned
    bundle. Raises FileNotFoundError, which names both folders.
    """
    folder = Path(dag_file).resolve().parent
    candidates = (folder.parent / "configs", folder / "configs")
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    message = f"no configs folder: neither {candidates[0]} nor {candidates[1]} exists"
    raise FileNotFoundError(message)


def load_dags(folder: str | Path) -> dict[str, DAG]:
    """Create every valid DAG of a folder, by id; an invalid configuration is skipped and never raises.

    When Airflow asks for one DAG, as at each task start, only that one is read and built.
    """
    root = Path(folder)
    wanted = get_parsing_context().dag_id
    with garbage_collection.paused():
        if wanted is None:
            return {dag.dag_id: dag for dag in _built_dags(load_project(root, _environment()))}
        model = load_dag(root, _environment(), wanted)
        return {} if model is None or not model.enabled else _alone(model)


def raise_config_errors(folder: str | Path) -> None:
    """Raise one `ConfigError` that lists every error in the folder.

    That includes notifiers that cannot be created, although their DAGs run without them. Called in a DAG file
    of its own, the error shows in Airflow's list of import errors and makes no DAG stale. All DAGs are built,
    because only Airflow can check executors, cluster policies and notifiers.
    """
    if get_parsing_context().dag_id is not None:
        return
    root = Path(folder)
    project = load_project(root, _environment())
    make = _notifier_maker()
    refusals = [refusal for _, refusal in _build(project, make) if refusal is not None]
    for model in project.dags:
        if not model.enabled:  # no DAG, but sync_group() may create its notifiers
            make.callbacks(model.notify)
    skipped = (without_secrets(fault) for fault in make.faults)
    found = [*project.diagnostics, *refusals, *skipped]
    errors = tuple(each for each in sort_unique(found) if each.severity is Severity.ERROR)
    if errors:
        raise ConfigError(_listing(errors, root.name), errors)


def sync_group(dag_id: str, *, group_id: str | None = None, folder: str | Path | None = None) -> TaskGroup:
    """Create the syncs of a configuration as a task group; call it in the `with` block of a DAG.

    Of the keys of a DAG, `owner`, `notify` and `trigger_dags` apply; `notify` works per sync, because the run
    belongs to the surrounding DAG. With `enabled: false` the configuration does not become a DAG as well.

    Args:
        dag_id: The id of the configuration.
        group_id: The id of the task group; the configuration's by default.
        folder: The folder of the configurations; by default what `config_folder` finds for the calling file.

    Raises:
        ConfigError: The configuration is invalid or missing.
    """
    root = Path(folder) if folder is not None else config_folder(sys._getframe(1).f_globals["__file__"])
    model = load_dag(root, _environment(), dag_id)
    if model is None:
        raise _cannot_be_made(root, dag_id)
    return build_group(model, _callbacks(model, _notifier_maker()), group_id or dag_id.replace(".", "_"))


def _built_dags(project: Project) -> Iterator[DAG]:
    for diagnostic in project.diagnostics:
        if diagnostic.severity is Severity.ERROR:
            _log(diagnostic)
    make = _notifier_maker()
    for dag, refusal in _build(project, make):
        if dag is not None:
            yield dag
        if refusal is not None:
            _log(refusal)
    _log_skipped(make.faults)


def _alone(model: Dag) -> dict[str, DAG]:
    """Build one DAG for a task start; an error is logged."""
    callbacks = _callbacks(model, _notifier_maker())
    dag = _attempt(model, lambda: build_dag(model, callbacks))
    if isinstance(dag, Diagnostic):
        _log(dag)
        return {}
    return {model.dag_id: dag}


def _log(diagnostic: Diagnostic) -> None:
    log.error("Skipping a configuration\n%s", render_one(diagnostic))


def _notifier_maker() -> NotifierMaker:
    return NotifierMaker(prefixes_from(os.environ.get(PREFIXES_VARIABLE)))


def _callbacks(model: Dag, make: NotifierMaker) -> Callbacks:
    """Create the notifiers of one DAG, and log those that are skipped."""
    callbacks = make.callbacks(model.notify)
    _log_skipped(make.faults)
    return callbacks


def _log_skipped(faults: Iterable[Diagnostic]) -> None:
    for fault in sort_unique(faults):
        log.error("Skipping a notifier; its DAGs run without it\n%s", render_one(without_secrets(fault)))


def _build(project: Project, make: NotifierMaker) -> Iterator[tuple[DAG | None, Diagnostic | None]]:
    """Build each DAG and dry-run it; yield the DAG, or why there is none."""
    builder = _Builder()
    for model in project.dags:
        if model.enabled:
            dag = _attempt(model, partial(builder.build, model, make.callbacks(model.notify)))
            yield (None, dag) if isinstance(dag, Diagnostic) else (dag, None)


class _Builder:
    """Builds DAGs and dry-runs them; what holds for all of them is looked up once."""

    def __init__(self) -> None:
        self._dry_run = DryRun()
        self._defaults = versions.dag_defaults()
        # A policy may change a DAG each time it sees one, so Airflow gets a fresh DAG after the dry run.
        self._is_built_again = versions.has_cluster_policies()

    def build(self, model: Dag, callbacks: Callbacks) -> DAG:
        """Build a DAG that passes Airflow's own checks; raises whatever Airflow raises."""
        dag = build_dag(model, callbacks, self._defaults)
        self._dry_run.run(dag)
        return build_dag(model, callbacks, self._defaults) if self._is_built_again else dag


def _attempt(model: Dag, build: Callable[[], DAG]) -> DAG | Diagnostic:
    def report(file: str, error: BaseException) -> Diagnostic:
        # Lack of memory or stack and `sys.exit` say nothing about a value.
        if not isinstance(error, Exception) or isinstance(error, RecursionError | MemoryError):
            return boundary.internal_error(file, error)
        return attempt(file, lambda: _refusal(model, error))  # other code writes its text, and that may fail

    return attempt(model.location.document.file.name, build, report)


def _refusal(model: Dag, error: BaseException) -> Diagnostic:
    message = f"Airflow refuses the DAG '{model.dag_id}': {type(error).__name__}: {error}"
    return without_secrets(model.location.diagnostic("airflow-refused", message))


def _cannot_be_made(root: Path, dag_id: str) -> ConfigError:
    errors = [
        each for each in load_project(root, _environment()).diagnostics if each.severity is Severity.ERROR
    ]
    message = f"no configuration in {root.name}/ defines the DAG '{dag_id}'"
    return ConfigError(f"{message}\n\n{_listing(errors, root.name)}" if errors else message, tuple(errors))


def _listing(errors: Sequence[Diagnostic], name: str) -> str:
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    return "\n\n".join((f"{count} in {name}/", *(render_one(error) for error in errors)))


def _environment() -> str | None:
    return os.environ.get("DAG_FACTORY_ENV") or None

"""Rules about Jinja templates: they can be parsed, and stand where Airflow renders them.

Listed in `config.rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dag_factory.config.diagnostics import Diagnostic, Severity
from dag_factory.config.model.layers import ResolvedDag, Setting
from dag_factory.config.rules.assets import in_schedule
from dag_factory.config.rules.syncs import triggered
from dag_factory.config.text.templates import (
    LITERAL_HELP,
    is_template,
    may_hold_template,
    shell_variable,
    template_fault,
)
from dag_factory.config.yaml.document import Place


def check_templates(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """What Airflow renders can be parsed."""
    if not _may_hold_template(dag):
        return
    for text, place in _few(_rendered(dag)):
        fault = template_fault(text)
        if fault is not None:
            yield place.diagnostic("bad-template", fault.message, fault.help)
    yield from _dollars(dag)
    for setting in dag.notify.values():
        for text, place in _few(_texts(setting)):
            # Which of its arguments a notifier renders, only its class says.
            fault = template_fault(text)
            if fault is not None:
                yield place.diagnostic("bad-template", fault.message, fault.help, severity=Severity.WARNING)


def _dollars(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Tell of templates in the style of GitHub's workflows."""
    for sync in dag.syncs:
        connection = sync.settings.get("connection_id")
        if connection is not None and "${{" in connection.value:
            message = "'${{' begins no template of Airflow: the '$' stays before what is rendered"
            yield connection.place.diagnostic("bad-template", message, "delete the '$'")


def check_unrendered_templates(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """What Airflow does not render is no template."""
    if not _may_hold_template(dag):
        return
    for text, place in _plain(dag):
        if is_template(text):
            message = "a template where Airflow renders none: the braces stay as they are"
        elif text.startswith("$") and shell_variable(text):
            message = "no variable of a shell is read: the text stays as it is"
        else:
            continue
        yield place.diagnostic("unrendered-template", message, LITERAL_HELP, severity=Severity.WARNING)


def _may_hold_template(dag: ResolvedDag) -> bool:
    """Whether one of the files that the DAG is made of holds anything like a template."""
    return any(may_hold_template(document.file.text) for document in (dag.document, *dag.defaults))


def _rendered(dag: ResolvedDag) -> Iterator[tuple[str, Place]]:
    """Yield each text that Airflow renders as a template, whatever notifier there is."""
    for sync in dag.syncs:
        for key in ("connection_id", "airbyte_conn_id"):
            if key in sync.settings:
                yield from _texts(sync.settings[key])
    for entry, long_form in triggered(dag):
        if entry.value is not long_form:
            yield from _texts(entry)
            continue
        for key in ("dag_id", "conf"):
            if key in long_form:
                yield from _texts(Setting(value=long_form[key], place=entry.part(key)))


def _few(texts: Iterable[tuple[str, Place]]) -> Iterator[tuple[str, Place]]:
    """Leave out what is no template, and all after so many characters that parsing them would take long."""
    left = _MOST
    for text, place in texts:
        if is_template(text):
            yield text, place
            left -= len(text)
        if left < 0:
            return


_MOST = 40_000


def _plain(dag: ResolvedDag) -> Iterator[tuple[str, Place]]:
    """Yield each text that Airflow takes as it stands and that names something."""
    for key in ("owner", "tags"):
        if key in dag.settings:
            yield from _texts(dag.settings[key])
    for sync in dag.syncs:
        for key in ("pool", "queue", "executor", "outlets"):
            if key in sync.settings:
                yield from _texts(sync.settings[key])
    yield from in_schedule(dag)


def _texts(setting: Setting) -> Iterator[tuple[str, Place]]:
    """Yield each text inside a value; values are no deeper than the parser lets files be."""
    if isinstance(setting.value, str):
        yield setting.value, setting.place
        return
    inside: Any = setting.value
    parts = (
        inside.items() if isinstance(inside, dict) else enumerate(inside if isinstance(inside, list) else ())
    )
    for key, part in parts:
        yield from _texts(Setting(value=part, place=setting.part(key)))

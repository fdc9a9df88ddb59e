"""Rules about Jinja templates: they can be parsed, and Airflow renders them where they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dag_factory.config.diagnostics import Diagnostic, Severity
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.model.located import located_texts
from dag_factory.config.schema.messages import bad_template
from dag_factory.config.text.templates import (
    LITERAL_HINT,
    is_template,
    may_hold_template,
    shell_variable,
    template_error,
)
from dag_factory.config.yaml.document import Location


def check_templates(dag: DraftDag) -> Iterator[Diagnostic]:
    """Jinja can parse each text that Airflow renders."""
    if not _may_hold_template(dag):
        return
    yield from _unparsed(_rendered(dag), Severity.ERROR)
    yield from _dollars(dag)
    for setting in dag.notify.values():
        # Only its class says which arguments a notifier renders.
        yield from _unparsed(located_texts(setting.value, setting.location), Severity.WARNING)


def _unparsed(texts: Iterable[tuple[str, Location]], severity: Severity) -> Iterator[Diagnostic]:
    for text, location in _few(texts):
        error = template_error(text)
        if error is not None:
            yield bad_template(error, location, severity)


def _dollars(dag: DraftDag) -> Iterator[Diagnostic]:
    """Report templates in the style of GitHub's workflows."""
    for connection_id in (sync.connection_id for sync in dag.syncs):
        if "${{" in (connection_id.value or ""):
            message = "'${{' is not Airflow's syntax: the '$' stays in the rendered text"
            yield connection_id.location.diagnostic(
                "bad-template", message, "delete the '$'", severity=Severity.ERROR
            )


def check_unrendered_templates(dag: DraftDag) -> Iterator[Diagnostic]:
    """A text that Airflow does not render is not a template."""
    if not _may_hold_template(dag):
        return
    for text, location in _plain(dag):
        if is_template(text):
            message = "Airflow renders no templates here: the braces stay in the text"
        elif text.startswith("$") and shell_variable(text):
            message = "shell variables are not read: the text stays as it is"
        else:
            continue
        yield location.diagnostic("unrendered-template", message, LITERAL_HINT)


def _may_hold_template(dag: DraftDag) -> bool:
    """Whether one of the DAG's files contains anything like a template."""
    return any(may_hold_template(document.file.text) for document in (dag.document, *dag.defaults))


def _rendered(dag: DraftDag) -> Iterator[tuple[str, Location]]:
    """Yield each text that Airflow renders, except in notifiers."""
    for sync in dag.syncs:
        for key in (sync.connection_id, sync.airbyte_conn_id):
            yield from located_texts(key.written, key.location)
    for trigger in dag.trigger_dags:
        for part in (trigger.dag_id, trigger.conf):
            yield from located_texts(part.written, part.location)


def _few(texts: Iterable[tuple[str, Location]]) -> Iterator[tuple[str, Location]]:
    """Yield the templates among the texts, until they have so many characters that parsing takes long."""
    left = _MOST
    for text, location in texts:
        if is_template(text):
            yield text, location
            left -= len(text)
        if left < 0:
            return


_MOST = 40_000


def _plain(dag: DraftDag) -> Iterator[tuple[str, Location]]:
    """Yield each text that Airflow does not render and that names something."""
    for key in (dag.owner, dag.tags):
        yield from located_texts(key.written, key.location)
    for sync in dag.syncs:
        for each in (sync.pool, sync.queue, sync.executor, sync.outlets):
            yield from located_texts(each.written, each.location)
    yield from dag.schedule.located_assets()

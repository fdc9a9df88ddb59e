"""Rules about the names of connections: each stands for one connection of a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dag_factory.config.diagnostics import Diagnostic, Related, Severity, Span
from dag_factory.config.model.draft import DraftDag, DraftSync
from dag_factory.config.model.names import Lookup
from dag_factory.config.schema.keys import keys_of
from dag_factory.config.schema.messages import bad_template, misplaced_sync_key
from dag_factory.config.snapshot.model import Snapshot, SnapshotConnection, normal
from dag_factory.config.text.connection_ids import is_connection_id
from dag_factory.config.text.secret_patterns import is_secret_key
from dag_factory.config.text.suggestions import did_you_mean
from dag_factory.config.text.templates import intended_template_error, is_template
from dag_factory.config.yaml.document import Location

# How many connections of the same name a diagnostic lists.
_FEW = 10


def check_names(dag: DraftDag, skip: Callable[[str], bool] | None = None) -> Iterator[Diagnostic]:
    """A sync has an id or a name, and a name stands for one connection that exists.

    Without an environment, names of an Airbyte for whose id `skip` is true are not looked up.
    """
    for sync in dag.syncs:
        at = sync.connection.location
        if "connection" not in sync.settings or "connection" in sync.invalid:
            continue
        if sync.lookup is None:
            message = f"sync '{sync.name}' has both a 'connection' and a 'connection_id'"
            yield at.diagnostic("bad-value", message, "keep one of the two", of_key=True)
        elif sync.lookup.connection is None:
            if skip is not None and dag.environment is None and skip(sync.lookup.airbyte_conn_id):
                continue
            yield _unresolved(sync, sync.lookup, at)
        elif sync.lookup.is_renamed:
            yield _renamed(sync.lookup, sync.lookup.connection, at)


def _unresolved(sync: DraftSync, lookup: Lookup, at: Location) -> Diagnostic:
    no_name = _no_name(sync, lookup, at)
    if no_name is not None:
        return no_name
    if not isinstance(lookup.snapshot, Snapshot):
        return _without_snapshot(sync, lookup, at)
    if len(lookup.found) > 1:
        return _ambiguous(lookup, lookup.snapshot, at)
    if lookup.found:
        return deleted(sync, lookup.found[0], lookup.snapshot, at)
    message = f"{_shown(sync, lookup)} is not in {lookup.file}"
    return at.diagnostic("unknown-connection", message, _hint_for_unknown(lookup, lookup.snapshot, at))


def _no_name(sync: DraftSync, lookup: Lookup, at: Location) -> Diagnostic | None:
    """Report a text that was meant as something else than the name of a connection."""
    if sync.name in keys_of("sync"):
        return misplaced_sync_key(sync.location)
    if is_connection_id(lookup.name):
        message = f"'connection' is a name, but '{lookup.name}' is an id"
        return at.diagnostic("bad-value", message, "write it as 'connection_id'")
    template = intended_template_error(lookup.name)
    return None if template is None else bad_template(template, at, Severity.ERROR)


def _hint_for_unknown(lookup: Lookup, snapshot: Snapshot, at: Location) -> str:
    folded = [name for name in snapshot.names if name.casefold() == lookup.name.strip().casefold()]
    similar = did_you_mean(lookup.name, folded or snapshot.names, at.document.file.search_limit)
    pull = f"if the connection is new, run '{lookup.pull}'"
    return f"{similar} {pull[0].upper()}{pull[1:]}" if similar else f"correct the name; {pull}"


def _without_snapshot(sync: DraftSync, lookup: Lookup, at: Location) -> Diagnostic:
    connection = _shown(sync, lookup)
    if is_template(lookup.airbyte_conn_id):
        message = f"{connection} cannot be looked up: 'airbyte_conn_id' is a template"
        return at.diagnostic("missing-snapshot", message, "write the UUID of the connection instead")
    if isinstance(lookup.snapshot, Diagnostic):
        message = f"{connection} cannot be looked up: {lookup.file} cannot be read"
        because = Related(
            file=lookup.snapshot.file, span=lookup.snapshot.span, message=lookup.snapshot.message
        )
        return at.diagnostic("missing-snapshot", message, lookup.snapshot.help, related=(because,))
    message = f"{connection} cannot be looked up: there is no {lookup.file}"
    hint = f"run '{lookup.pull}', or write the UUID of the connection"
    return at.diagnostic("missing-snapshot", message, hint)


def _shown(sync: DraftSync, lookup: Lookup) -> str:
    """Name the connection, unless the sync has a name like that of a secret."""
    return "the connection" if is_secret_key(sync.name) else f"the connection '{lookup.name}'"


def _ambiguous(lookup: Lookup, snapshot: Snapshot, at: Location) -> Diagnostic:
    ids = [each.connection_id for each in lookup.found]
    what = ", ".join(ids[:_FEW]) + (f" and {len(ids) - _FEW} more" if len(ids) > _FEW else "")
    owners = {each.connection_id for each in lookup.found if each.name == normal(lookup.name)}
    related = tuple(_candidate(snapshot, each, len(owners), lookup) for each in lookup.found[:_FEW])
    message = f"{len(ids)} connections {'have' if owners else 'had'} the name '{lookup.name}'"
    if 0 < len(owners) < len(ids):
        message = f"the name '{lookup.name}' has gone over from one connection to another"
    hint = f"write the id of one as 'connection_id': {what}"
    return at.diagnostic("ambiguous-connection", message, hint, related=related)


def _candidate(snapshot: Snapshot, connection: SnapshotConnection, owners: int, lookup: Lookup) -> Related:
    """Point to a connection that may be meant, and say when it had the name where that differs."""
    text = "one of them"
    if connection.name != normal(lookup.name):
        text = f"this one had the name before, and is now called '{connection.name}'"
    elif owners < len(lookup.found):
        text = "this one has the name now"
    return in_snapshot(snapshot, connection, text)


def _renamed(lookup: Lookup, connection: SnapshotConnection, at: Location) -> Diagnostic:
    message = f"the connection '{lookup.name}' is now called '{connection.name}'"
    snapshot = lookup.snapshot
    is_unique = isinstance(snapshot, Snapshot) and len(snapshot.named(connection.name)) == 1
    hint = f"write '{connection.name}'" if is_unique else f"write 'connection_id: {connection.connection_id}'"
    return at.diagnostic("renamed-connection", message, hint)


def deleted(sync: DraftSync, connection: SnapshotConnection, snapshot: Snapshot, at: Location) -> Diagnostic:
    """Report a connection that has been deleted."""
    message = f"the connection '{connection.name}' of sync '{sync.name}' has been deleted in Airbyte"
    hint = "delete the sync, or name another connection"
    related = (in_snapshot(snapshot, connection, "deleted here"),)
    return at.diagnostic("deleted-connection", message, hint, related=related)


def in_snapshot(snapshot: Snapshot, connection: SnapshotConnection, message: str) -> Related:
    """Point to a connection in its snapshot."""
    return Related(
        file=snapshot.file, span=span_of_line(snapshot.line_of(connection.connection_id)), message=message
    )


def span_of_line(line: int) -> Span:
    """Return the beginning of a line."""
    return Span(line=line, column=1, end_line=line, end_column=1)

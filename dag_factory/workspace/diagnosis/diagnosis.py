"""Asks each Airbyte of a folder and returns all answers of `doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dag_factory.config.diagnostics import has_errors
from dag_factory.config.project import Resolution
from dag_factory.workspace.airbyte.credentials import CredentialsError, access_from
from dag_factory.workspace.diagnosis.answers import Answer, warning
from dag_factory.workspace.diagnosis.doctor import (
    Examination,
    NotListed,
    check_airbyte,
    roles,
    without_credentials,
)
from dag_factory.workspace.diagnosis.examining import ask_for_missing, examine, installed_versions
from dag_factory.workspace.diagnosis.installed_versions import SUPPORTED, check_versions
from dag_factory.workspace.diagnosis.used_connections import (
    Use,
    by_id,
    check_connections,
    check_pools,
    missing_ids,
    not_compared,
    uses_of,
)

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """The environment variables, and what is called with progress (`show`) and with pauses (`say`)."""

    variables: Mapping[str, str]
    show: Say
    say: Say


def diagnosis(
    folder: Resolution | None, conn_id: str | None, default: str, around: Surroundings
) -> Iterator[Answer]:
    """Yield the answers.

    Args:
        folder: The configurations, if there are any.
        conn_id: The only Airbyte to ask; None asks each that the folder uses.
        default: The Airbyte to ask if the folder uses none.
        around: What the command runs in.
    """
    uses = () if folder is None else uses_of(folder.drafts)
    used = list(dict.fromkeys(use.airbyte_conn_id for use in uses))
    conn_ids = [conn_id] if conn_id else used or [default]
    yield from _about_folder(folder)
    for each in conn_ids:
        own = [use for use in uses if use.airbyte_conn_id == each]
        yield from _about_airbyte(each, own, around, is_one_of_several=len(conn_ids) > 1)
    yield roles()
    yield from check_versions(installed_versions(SUPPORTED))


def _about_folder(folder: Resolution | None) -> Iterator[Answer]:
    if folder is not None and has_errors(folder.project.diagnostics):
        text = "some files have errors, so perhaps not all of their syncs are known"
        yield warning("folder", text, "run 'dag-factory validate'")


def _about_airbyte(
    conn_id: str, uses: Sequence[Use], around: Surroundings, *, is_one_of_several: bool
) -> Iterator[Answer]:
    secrets: tuple[str, ...] = ()
    try:
        access = access_from(around.variables, conn_id)
    except CredentialsError as error:
        found = [*without_credentials(str(error)), *not_compared(uses)]
    else:
        secrets, examination = access.secrets, examine(access, around.show, around.say)
        of_server = check_airbyte(examination, is_one_of_several=is_one_of_several)
        found = [*of_server, *_about_connections(examination, uses, around)]
    for each in (*found, *check_pools(uses)):
        yield replace(each.without(secrets), airbyte_conn_id=conn_id)


def _about_connections(
    examination: Examination, uses: Sequence[Use], around: Surroundings
) -> Iterator[Answer]:
    connections = examination.connections
    if connections is None or isinstance(connections, NotListed):
        yield from not_compared(uses)
        return
    listed = by_id(connections)
    missing = missing_ids(uses, listed)
    found = ask_for_missing(examination.access, missing, around.show) if missing else {}
    yield from check_connections(uses, listed, found)

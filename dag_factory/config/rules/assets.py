"""Rules about assets: who waits, who makes. Listed in `config.rules` and `config.project_rules`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from dag_factory.config.diagnostics import Diagnostic, Severity
from dag_factory.config.model.layers import ResolvedDag, ResolvedSync
from dag_factory.config.rules.schedule import schedule_form
from dag_factory.config.rules.settings import dag_setting, is_refused
from dag_factory.config.text import suggestions
from dag_factory.config.text.asset_uris import uri_fault
from dag_factory.config.yaml.document import Place
from dag_factory.config.yaml.values import KeyPath


def check_asset_uri(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A URI has the form that Airflow's providers ask of its scheme."""
    outlets = [sync.settings["outlets"] for sync in dag.syncs if "outlets" in sync.settings]
    made = [(asset, each.part(index)) for each in outlets for index, asset in enumerate(each.value)]
    for asset, place in (*in_schedule(dag), *made):
        mend = uri_fault(asset)
        if mend is not None:
            yield place.diagnostic("bad-value", f"'{asset}' is no URI that Airflow takes", mend)


def check_asset_loop(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A DAG does not wait for what only its own runs make."""
    waited = list(waited_for(dag))
    if not waited:
        return
    made = {asset: (sync, place) for sync in dag.syncs for asset, place in made_by(dag, sync)}
    for asset, place in waited:
        if asset in made:
            sync, where = made[asset]
            message = f"the DAG waits for the asset '{asset}', which its own sync '{sync.name}' updates"
            related = (where.related("updated here"),)
            mend = "delete the asset here, or write other 'outlets' there"
            yield place.diagnostic("asset-loop", message, mend, related=related)


def check_similar_asset(dags: Sequence[ResolvedDag]) -> Iterator[tuple[ResolvedDag, Diagnostic]]:
    """Two assets differ by more than upper and lower case, which MySQL and people take for the same.

    The assets that syncs have by default hold a UUID in its one spelling.
    """
    first: dict[str, tuple[str, Place]] = {}
    told: set[str] = set()
    for dag in dags:
        for asset, place in (made for sync in dag.syncs for made in _written(sync)):
            other, where = first.setdefault(asset.lower(), (asset, place))
            if other == asset or asset in told:
                continue
            told.add(asset)
            message = f"the asset '{asset}' differs from '{other}' in upper and lower case alone"
            mend = f"write '{other}' if it is the same one, else another name"
            related = (where.related("the other one is here"),)
            yield (
                dag,
                place.diagnostic("similar-asset", message, mend, severity=Severity.WARNING, related=related),
            )


def check_unknown_asset(dags: Sequence[ResolvedDag]) -> Iterator[tuple[ResolvedDag, Diagnostic]]:
    """Somebody makes what a DAG waits for. Only true where all files have been read."""
    waiting = [(dag, asset, place) for dag in dags for asset, place in waited_for(dag)]
    if not waiting:
        return
    made = {asset for dag in dags for sync in dag.syncs for asset, _ in made_by(dag, sync)}
    known, told = sorted(made), Counter[str]()
    for dag, asset, place in waiting:
        if asset not in made:
            name = dag.document.file.name
            told[name] += 1
            yield dag, _unknown(asset, place, known if told[name] <= _FEW else [])


def _unknown(asset: str, place: Place, known: Sequence[str]) -> Diagnostic:
    message = f"nothing here updates the asset '{asset}'"
    alike = (
        suggestions.did_you_mean(asset, known, place.document.file.patience)
        if 0 < len(known) <= _MANY
        else None
    )
    silence = (
        "if something else makes it, write '# dag-factory: ignore[unknown-asset] made by ...' on the line"
    )
    mend = f"{alike} {silence}" if alike else f"correct the name; {silence}"
    return place.diagnostic("unknown-asset", message, mend, severity=Severity.WARNING)


# Among more names than these, and for more than these of one file, a search for the nearest takes longer than
# the whole check.
_MANY, _FEW = 2_000, 10


def waited_for(dag: ResolvedDag) -> Iterator[tuple[str, Place]]:
    """Yield each asset that a DAG waits for, and where it says so."""
    if dag.value("enabled", True):
        yield from in_schedule(dag)


def in_schedule(dag: ResolvedDag) -> Iterator[tuple[str, Place]]:
    """Yield each asset that the schedule names, and where."""
    schedule = dag_setting(dag, "schedule")
    form = schedule_form(dag)
    if schedule is None or "assets" not in form:
        return
    for asset, path in _assets(form["assets"], ("assets",)):
        yield asset, schedule.part(*path)


def _assets(condition: object, path: KeyPath) -> Iterator[tuple[str, KeyPath]]:
    """Yield the assets of a condition; the schema bounds how deep it can be."""
    if isinstance(condition, str):
        yield condition, path
    elif isinstance(condition, list):
        for index, part in enumerate(condition):
            yield from _assets(part, (*path, index))
    elif isinstance(condition, dict):
        for key, part in condition.items():
            yield from _assets(part, (*path, key))


def _written(sync: ResolvedSync) -> Iterator[tuple[str, Place]]:
    """Yield each asset that a sync's own `outlets` name, and where."""
    outlets = sync.settings.get("outlets")
    if outlets is not None:
        yield from ((asset, outlets.part(index)) for index, asset in enumerate(outlets.value))


def made_by(dag: ResolvedDag, sync: ResolvedSync) -> Iterator[tuple[str, Place]]:
    """Yield each asset that a sync updates, and where it says so; by default one of its connection's name."""
    connection = sync.settings.get("connection_id")
    if "outlets" in sync.settings:
        yield from _written(sync)
    elif connection is not None and not is_refused(dag, sync, "outlets"):
        conn_id = sync.settings.get("airbyte_conn_id")
        uri = f"airbyte://{conn_id.value if conn_id else 'airbyte_default'}/{connection.value}"
        if "{{" not in uri:
            yield uri, connection.place

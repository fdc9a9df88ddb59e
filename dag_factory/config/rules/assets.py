"""Rules about assets: which DAG waits for them, which sync updates them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.text import suggestions
from dag_factory.config.text.asset_uris import asset_uri_hint
from dag_factory.config.yaml.document import Location


def check_asset_uri(dag: DraftDag) -> Iterator[Diagnostic]:
    """A URI has the form that the provider of its scheme requires."""
    outlets = [each for sync in dag.syncs if "outlets" in sync.settings for each in sync.located_outlets()]
    for asset, location in (*dag.schedule.located_assets(), *outlets):
        hint = asset_uri_hint(asset)
        if hint is not None:
            yield location.diagnostic("bad-value", f"'{asset}' is not a URI that Airflow accepts", hint)


def check_asset_loop(dag: DraftDag) -> Iterator[Diagnostic]:
    """A DAG does not wait for what only its own runs update."""
    waited = list(dag.awaited_assets())
    if not waited:
        return
    updated = {asset: (sync, location) for sync in dag.syncs for asset, location in sync.updates()}
    for asset, location in waited:
        if asset in updated:
            sync, where = updated[asset]
            message = f"the DAG waits for the asset '{asset}', which its own sync '{sync.name}' updates"
            related = (where.related("updated here"),)
            hint = "delete the asset here, or change the 'outlets' of the sync"
            yield location.diagnostic("asset-loop", message, hint, related=related)


def check_similar_asset(dags: Sequence[DraftDag]) -> Iterator[tuple[DraftDag, Diagnostic]]:
    """No two assets differ only in upper and lower case: MySQL treats them as equal.

    Default assets are not compared: their UUIDs are in lower case.
    """
    first: dict[str, tuple[str, Location]] = {}
    reported: set[str] = set()
    for dag in dags:
        own = (sync for sync in dag.syncs if "outlets" in sync.settings)
        for asset, location in (each for sync in own for each in sync.located_outlets()):
            other, where = first.setdefault(asset.lower(), (asset, location))
            if other == asset or asset in reported:
                continue
            reported.add(asset)
            message = f"the asset '{asset}' differs from '{other}' only in upper and lower case"
            hint = f"write '{other}' if it is the same asset; otherwise choose another name"
            related = (where.related("the other asset is here"),)
            yield dag, location.diagnostic("similar-asset", message, hint, related=related)


def check_unknown_asset(dags: Sequence[DraftDag]) -> Iterator[tuple[DraftDag, Diagnostic]]:
    """A sync updates each asset that a DAG waits for. This is known only if all files have been read."""
    waiting = [(dag, asset, location) for dag in dags for asset, location in dag.awaited_assets()]
    if not waiting:
        return
    updated = {asset for dag in dags for sync in dag.syncs for asset, _ in sync.updates()}
    known, reported = sorted(updated), Counter[str]()
    for dag, asset, location in waiting:
        if asset not in updated:
            name = dag.document.file.name
            reported[name] += 1
            if reported[name] > _MOST:
                continue
            yield dag, _unknown(asset, location, _others(dag, asset, known) if reported[name] <= _FEW else [])


def _others(dag: DraftDag, asset: str, known: Sequence[str]) -> list[str]:
    """Return the assets that may be meant: neither one that the DAG updates itself, nor any UUID."""
    if asset.startswith("airbyte://") or len(known) > _MANY:
        return []
    own = {name for sync in dag.syncs for name, _ in sync.updates()}
    return [each for each in known if each not in own and not each.startswith("airbyte://")]


def _unknown(asset: str, location: Location, known: Sequence[str]) -> Diagnostic:
    message = f"no sync here updates the asset '{asset}'"
    limit = location.document.file.search_limit
    similar = suggestions.did_you_mean(asset, known, limit) if known else None
    comment = "# dag-factory: ignore[unknown-asset] updated by ..."
    hint = f"{similar or 'correct the name;'} if something else updates it, write '{comment}' on the line"
    return location.diagnostic("unknown-asset", message, hint)


# With more names, and for more assets of one file, the search for a similar name takes longer than the whole
# check. No file gets more warnings than the last number, before those that comments ignore are left out.
_MANY, _FEW, _MOST = 2_000, 10, 1_000

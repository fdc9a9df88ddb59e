"""A plan arranged for reading: its totals, and the DAGs to which the same happens together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from dag_factory.plan.consequences import Consequence
from dag_factory.plan.kinds import KINDS, Severity
from dag_factory.plan.planning import Environment, Plan
from dag_factory.plan.runs import MOST_RUNS
from dag_factory.plan.timing import in_utc

_FEW = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """What was compared: the revision by the name that was asked for and by its commit, and the moment."""

    against: str
    commit: str
    at: datetime

    @property
    def text(self) -> str:
        """The heading in a line."""
        return f"Plan against {self.against} ({self.commit[:10]}), for a merge at {in_utc(self.at)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """DAGs to which the same happens, the most dangerous first; without a DAG, the whole folder."""

    dag_ids: tuple[str, ...]
    consequences: tuple[Consequence, ...]

    @property
    def severity(self) -> Severity:
        """That of its most dangerous consequence."""
        return self.consequences[0].what.severity

    @property
    def title(self) -> str:
        """The DAG; of many, how many and the first ones."""
        if not self.dag_ids:
            return "the whole folder"
        if len(self.dag_ids) == 1:
            return self.dag_ids[0]
        rest = len(self.dag_ids) - _FEW
        names = ", ".join(self.dag_ids[:_FEW])
        return f"{len(self.dag_ids)} DAGs: {names}{f' and {rest} more' if rest > 0 else ''}"


def blocks(plan: Plan) -> list[Block]:
    """Return the blocks of a plan, the most dangerous first, and that of the whole folder last."""
    of_dag: dict[str | None, list[Consequence]] = {}
    for each in plan.consequences:
        of_dag.setdefault(each.dag_id, []).append(each)
    alike: dict[tuple[object, ...], list[str | None]] = {}
    for dag_id, found in of_dag.items():
        key = tuple((each.kind, each.text, each.environments) for each in found)
        alike.setdefault((dag_id is None, *key), []).append(dag_id)
    grouped = [
        Block(
            dag_ids=tuple(dag_id for dag_id in dag_ids if dag_id is not None),
            consequences=tuple(of_dag[dag_ids[0]]),
        )
        for dag_ids in alike.values()
    ]
    return sorted(grouped, key=lambda block: (not block.dag_ids, block.consequences[0].order))


def totals(plan: Plan) -> list[str]:
    """Return what happens how often, the most dangerous first: '2 DAGs run at once'."""
    found: dict[str, list[Consequence]] = {}
    for each in plan.consequences:
        found.setdefault(each.kind, []).append(each)
    return [_total(kind, consequences) for kind, consequences in found.items()]


def _total(name: str, found: Sequence[Consequence]) -> str:
    kind = KINDS[name]
    dags = {each.dag_id for each in found}
    noun = "" if None in dags else "DAG " if len(dags) == 1 else "DAGs "
    count = len(found) if None in dags else len(dags)
    runs = [each.runs for each in {each.dag_id: each for each in found}.values()]
    over = "over " if any(each >= MOST_RUNS for each in runs) else ""
    end = f" ({over}{sum(runs):,} runs)" if sum(runs) > count else ""
    return f"{count:,} {noun}{kind.one if count == 1 else kind.many}{end}"


def where(environments: Sequence[Environment]) -> str:
    """Say in which environments something happens; empty for all."""
    if not environments:
        return ""
    names = ["without an environment" if each is None else f"in {each}" for each in environments]
    return f"only {' and '.join([', '.join(names[:-1]), names[-1]] if len(names) > 1 else names)}"


def line(consequence: Consequence, *, is_alone: bool) -> str:
    """Return a consequence in a line; the details of one DAG stand for no other."""
    text = consequence.text
    if consequence.details and is_alone:
        text = f"{text} ({', '.join(consequence.details)})"
    only = where(consequence.environments)
    return f"{text} [{only}]" if only else text


def remarks(plan: Plan) -> Iterator[str]:
    """Say what could not be compared, and how long ago that began."""
    for errors, name in ((plan.new_errors, "new"), (plan.old_errors, "old")):
        if errors:
            first = errors[0]
            count = "an error" if len(errors) == 1 else f"{len(errors)} errors"
            at = f"{first.file}:{first.span.line}"
            what = "what it concerns" if len(errors) == 1 else "what they concern"
            yield f"The {name} revision has {count}, the first at {at}; {what} is not compared."


def meanings(found: Sequence[Consequence]) -> Iterator[tuple[str, str]]:
    """Yield the kinds that need an explanation, and what Airflow does."""
    for name in dict.fromkeys(each.kind for each in found):
        kind = KINDS[name]
        if kind.severity is not Severity.NOTE and kind.meaning:
            yield name, kind.meaning


NOTHING = "Nothing changes in Airflow: all DAGs stay as they are."

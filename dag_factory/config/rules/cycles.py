"""What leads back to itself in a graph, found by looking at each of its edges a few times; for the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def circular(edges: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Give the nodes that a way leads back to, each with its edges inside its own group of circles.

    Without recursion, since a chain may be long. Edges to what is no node are left out.
    """
    if _is_in_order(edges):
        return {}
    known = {node: [each for each in following if each in edges] for node, following in edges.items()}
    group_of = _groups(known)
    inside = {
        node: [each for each in following if group_of[each] == group_of[node]]
        for node, following in known.items()
    }
    # Of a group with a circle each node leads to another one of it, or to itself.
    return {node: following for node, following in inside.items() if following}


def _is_in_order(edges: Mapping[str, Sequence[str]]) -> bool:
    """Whether each node leads only to earlier ones, the usual order in a file; then no circle exists."""
    before: set[str] = set()
    for node, following in edges.items():
        if following and any(each in edges and each not in before for each in following):
            return False
        before.add(node)
    return True


def _groups(edges: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Name for each node the group of those that lead to it and that it leads to (Kosaraju's way)."""
    backwards: dict[str, list[str]] = {node: [] for node in edges}
    for node, following in edges.items():
        for each in following:
            backwards[each].append(node)
    group_of: dict[str, str] = {}
    for start in reversed(list(_finished(edges))):
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node not in group_of:
                group_of[node] = start
                waiting += backwards[node]
    return group_of


def _finished(edges: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield each node after all that it leads to, as far as no circle is in the way."""
    seen: set[str] = set()
    for start in edges:
        if start in seen:
            continue
        seen.add(start)
        way = [(start, iter(edges[start]))]
        while way:
            node, following = way[-1]
            fresh = next((each for each in following if each not in seen), None)
            if fresh is None:
                way.pop()
                yield node
            else:
                seen.add(fresh)
                way.append((fresh, iter(edges[fresh])))

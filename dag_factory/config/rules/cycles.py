"""The cycles of a graph, in a time proportional to its edges.

`graphlib.TopologicalSorter` stops at one cycle and gives its nodes. `validate` reports all of them, so it
needs the nodes of each group of cycles; to remove a cycle and sort again would take quadratic time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def cyclic_edges(edges: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return each node of a cycle with its edges to nodes of the same group of cycles.

    Without recursion, since a chain may be long. Edges to unknown nodes are left out.
    """
    if _is_in_order(edges):
        return {}
    known = {node: [each for each in following if each in edges] for node, following in edges.items()}
    group_of = _groups(known)
    inside = {
        node: [each for each in following if group_of[each] == group_of[node]]
        for node, following in known.items()
    }
    # In a group with a cycle, each node leads to a node of the group, perhaps itself.
    return {node: following for node, following in inside.items() if following}


def _is_in_order(edges: Mapping[str, Sequence[str]]) -> bool:
    """Whether each node leads only to earlier ones, as usual in a file: then there is no cycle."""
    before: set[str] = set()
    for node, following in edges.items():
        if following and any(each in edges and each not in before for each in following):
            return False
        before.add(node)
    return True


def _groups(edges: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Name the strongly connected component of each node (Kosaraju's algorithm)."""
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
    """Yield each node after the nodes that it leads to, except in cycles."""
    seen: set[str] = set()
    for start in edges:
        if start in seen:
            continue
        seen.add(start)
        path = [(start, iter(edges[start]))]
        while path:
            node, following = path[-1]
            fresh = next((each for each in following if each not in seen), None)
            if fresh is None:
                path.pop()
                yield node
            else:
                seen.add(fresh)
                path.append((fresh, iter(edges[fresh])))

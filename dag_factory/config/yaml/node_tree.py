"""The nodes of a file, found by their paths."""

from __future__ import annotations

from collections.abc import Iterable

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dag_factory.config.yaml import composer
from dag_factory.config.yaml.values import KeyPath


class NodeTree:
    """The nodes of each document of a file. A mapping is indexed when it is first searched."""

    def __init__(self, tops: Iterable[Node]) -> None:
        self._tops = tuple(tops)
        self._pairs: dict[int, dict[str, tuple[Node, Node]]] = {}

    def find(self, document: int, path: KeyPath) -> tuple[Node, Node]:
        """Return the nodes of the key and the value at a path, or at the deepest part of it that exists.

        For an item of a sequence and for the document itself, the key is the value's own node.
        """
        key = value = self._tops[document]
        for part in path:
            found = self._step(value, part)
            if found is None:
                break
            key, value = found
        return key, value

    def _step(self, node: Node, part: str | int) -> tuple[Node, Node] | None:
        if isinstance(node, SequenceNode):
            inside = isinstance(part, int) and part < len(node.value)
            return (node.value[part], node.value[part]) if inside else None
        if not isinstance(node, MappingNode):
            return None
        if id(node) not in self._pairs:
            self._pairs[id(node)] = _pairs(node)
        return self._pairs[id(node)].get(str(part))


def _pairs(node: MappingNode) -> dict[str, tuple[Node, Node]]:
    """Return the nodes of each key of a mapping, including merged ones; the first of each name wins.

    A mapping that is merged again, or into itself, has nothing to add.
    """
    pairs: dict[str, tuple[Node, Node]] = {}
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        mapping = waiting.pop()
        if id(mapping) in seen:
            continue
        seen.add(id(mapping))
        merged: list[MappingNode] = []
        for key, value in mapping.value:
            if composer.is_merge_key(key):
                merged += composer.merged_mappings(value)
            elif isinstance(key, ScalarNode):
                pairs.setdefault(key.value, (key, value))
        waiting += reversed(merged)
    return pairs

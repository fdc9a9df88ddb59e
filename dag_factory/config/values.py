"""Nodes to plain values, and from a path to the nodes that it names; used by `config.source` alone."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any, TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dag_factory.config import nodes

MAX_VALUES = 100_000

# What a YAML file cannot hold as it is. As an escape it can, but a database refuses it (PostgreSQL U+0000),
# and with it Airflow every DAG of the same loader.
NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# The keys of mappings and the positions in sequences that lead from a document's top to a value.
KeyPath: TypeAlias = tuple[str | int, ...]

Value: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What makes a node unfit for a configuration."""

    node: Node
    code: str
    message: str
    help: str
    first: Node | None = None


class ValueBuilder:
    """Builds plain values from nodes and collects what is wrong on the way.

    An alias gives the same object again, so a file of aliases to aliases takes no memory; what it would
    take is counted, since later steps walk over all of it.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._values: dict[int, Value] = {}
        self._sizes: dict[int, int] = {}
        self._under_way: set[int] = set()
        self._too_large = False

    def build(self, node: Node) -> Value:
        """Give the node's value; where there is a problem, the rest without it."""
        known = id(node)
        if known in self._under_way:
            self._report(node, "yaml-alias", "an alias inside its own anchor", "write the value out")
            return None
        if known not in self._values:
            self._under_way.add(known)
            self._values[known] = self._build_new(node)
            self._under_way.remove(known)
        return self._values[known]

    def _build_new(self, node: Node) -> Value:
        self._sizes[id(node)] = 1
        if isinstance(node, MappingNode) and node.tag == nodes.MAP:
            return self._mapping(node)
        if isinstance(node, SequenceNode) and node.tag == nodes.SEQ:
            return [self._child(node, item) for item in node.value]
        if isinstance(node, ScalarNode) and node.tag in nodes.SCALAR_TAGS:
            self._check_text(node)
            return nodes.scalar_value(node)
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self._report(node, "yaml-tag", f"the tag '{tag}' is not read here", "delete the tag")
        return None

    def _child(self, parent: Node, node: Node) -> Value:
        value = self.build(node)
        self._sizes[id(parent)] += self._sizes.get(id(node), 1)
        if self._sizes[id(parent)] > MAX_VALUES and not self._too_large:
            self._too_large = True
            message = f"aliases make more than {MAX_VALUES} values of this"
            self._report(parent, "yaml-alias", message, "write fewer aliases to aliases")
        return value

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        result: dict[str, Any] = {}
        first: dict[str, Node] = {}
        merges: list[tuple[Node, Node]] = []
        for key, value in node.value:
            if nodes.is_merge_key(key):
                merges.append((key, value))
            elif not isinstance(key, ScalarNode):
                self._report(
                    key, "yaml-key", "a key is text, not a list or mapping", "write a name before the colon"
                )
            elif key.value in first:
                self._duplicate(key, first[key.value])
            else:
                self._check_text(key)
                first[key.value] = key
                # The same few keys stand in every file: one text for all of them.
                result[sys.intern(key.value)] = self._child(node, value)
        for key, value in merges:
            self._merge(node, key, value, result)
        return result

    def _check_text(self, node: ScalarNode) -> None:
        # Only text in double quotes has escapes.
        control = NOT_PRINTABLE.search(node.value) if node.style == '"' else None
        if control:
            message = f"the control character U+{ord(control[0]):04X} is not allowed here"
            self._report(node, "yaml-encoding", message, "delete its escape")

    def _duplicate(self, key: ScalarNode, first: Node) -> None:
        message, mend = f"the key '{key.value}' stands here a second time", "keep one of the two"
        self.problems.append(Problem(node=key, code="duplicate-key", message=message, help=mend, first=first))

    def _merge(self, parent: Node, key: Node, value: Node, into: dict[str, Any]) -> None:
        mappings = nodes.merged_mappings(value)
        if not mappings:
            self._report(
                key, "yaml-key", "'<<' takes a mapping or a list of mappings", "write an alias such as *name"
            )
        for mapping in mappings:
            merged = self._child(parent, mapping)
            if isinstance(merged, dict):
                into.update({name: item for name, item in merged.items() if name not in into})

    def _report(self, node: Node, code: str, message: str, mend: str) -> None:
        self.problems.append(Problem(node=node, code=code, message=message, help=mend))


def find(top: Node, path: KeyPath) -> tuple[Node, Node]:
    """Give the key's and the value's node of the deepest part of the path that exists.

    For an item of a sequence and for the top itself the key is the value's own node.
    """
    key = value = top
    for part in path:
        found = _step(value, part)
        if found is None:
            break
        key, value = found
    return key, value


def _step(node: Node, part: str | int) -> tuple[Node, Node] | None:
    if isinstance(node, SequenceNode):
        inside = isinstance(part, int) and part < len(node.value)
        return (node.value[part], node.value[part]) if inside else None
    if not isinstance(node, MappingNode):
        return None
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value == part and not nodes.is_merge_key(key):
            return key, value
    return _step_into_merges(node, part)


def _step_into_merges(node: MappingNode, part: str | int) -> tuple[Node, Node] | None:
    for key, value in node.value:
        for mapping in nodes.merged_mappings(value) if nodes.is_merge_key(key) else ():
            found = _step(mapping, part)
            if found is not None:
                return found
    return None

"""YAML nodes to plain values."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any, TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dag_factory.config.diagnostics import MAX_PROBLEMS
from dag_factory.config.yaml import composer

# In one file, with each alias counted in full, because later steps walk over all values.
MAX_VALUES = 10_000

# Characters that YAML allows only as escapes. PostgreSQL refuses U+0000, and Airflow then every DAG of the
# same loader.
NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# The keys of mappings and the positions in sequences that lead from a document's top to a value.
KeyPath: TypeAlias = tuple[str | int, ...]

Value: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why a node is not valid in a configuration; `plain` is a message that quotes nothing of the file."""

    node: Node
    code: str
    message: str
    help: str
    first: Node | None = None
    plain: str | None = None


# Keys that begin something of which a file may have several.
_REPEATED = {
    **dict.fromkeys(("dag_id", "syncs"), "keep one of the two, or separate two DAGs with a line '---'"),
    "notifier": "keep one of the two, or begin the second notifier with '- '",
}


class ValueBuilder:
    """Builds plain values from nodes and collects what is wrong on the way.

    An alias gives the same object again, so a file of aliases to aliases takes no memory; what it would
    take is counted, since later steps walk over all of it.
    """

    def __init__(self, limit: int = MAX_VALUES) -> None:
        self.problems: list[Problem] = []
        self._limit = limit
        self._has_aliases = False
        self._values: dict[int, Value] = {}
        self._sizes: dict[int, int] = {}
        self._under_way: set[int] = set()
        self._too_large: Node | None = None

    def build(self, node: Node) -> Value:
        """Return the node's value, without the parts that are not valid."""
        known = id(node)
        if known in self._under_way:
            self._report(node, "yaml-alias", "an alias inside its own anchor", "write the value out")
            return None
        if known not in self._values:
            self._under_way.add(known)
            self._values[known] = self._build_new(node)
            self._under_way.remove(known)
        else:
            self._has_aliases = True
        return self._values[known]

    def size(self, node: Node) -> int:
        """Count the values of a node that has been built."""
        return self._sizes.get(id(node), 1)

    def _build_new(self, node: Node) -> Value:
        self._sizes[id(node)] = 1
        if isinstance(node, MappingNode) and node.tag == composer.MAP:
            return self._mapping(node)
        if isinstance(node, SequenceNode) and node.tag == composer.SEQ:
            return [self._child(node, item) for item in node.value]
        if isinstance(node, ScalarNode) and node.tag in composer.SCALAR_TAGS:
            self._check_text(node)
            return composer.scalar_value(node)
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        message, plain = f"the tag '{tag}' is not read here", "a tag is not read here"
        self._report(node, "yaml-tag", message, "delete the tag", plain=plain)
        return None

    def _child(self, parent: Node, node: Node) -> Value:
        if self._too_large is not None:
            return None  # what follows in this document is not read
        value = self.build(node)
        self._sizes[id(parent)] += self.size(node)
        if self._sizes[id(parent)] > self._limit and self._too_large is None:
            # No single alias is the one too many, so the mapping or list is reported.
            self._too_large = parent if self._has_aliases else node
            self._report_size(self._too_large)
        return value

    def _report_size(self, node: Node) -> None:
        if self._has_aliases:
            message = f"aliases expand this to more than {MAX_VALUES:,} values"
            self._report(node, "yaml-alias", message, "write fewer aliases to aliases")
        else:
            message = f"here the file exceeds {MAX_VALUES:,} values"
            self._report(node, "unreadable-file", message, "split it into several files")

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        result: dict[str, Any] = {}
        first: dict[str, Node] = {}
        merges: list[tuple[Node, Node]] = []
        for key, value in node.value:
            if composer.is_merge_key(key):
                merges.append((key, value))
            elif not isinstance(key, ScalarNode):
                self._odd_key(node, key)
            elif key.value in first:
                self._duplicate(key, first[key.value])
            else:
                self._check_text(key)
                first[key.value] = key
                # Every file has the same few keys: one string for all of them.
                result[sys.intern(key.value)] = self._child(node, value)
        for key, value in merges:
            self._merge(node, key, value, result)
        return result

    def _odd_key(self, node: MappingNode, key: Node) -> None:
        if composer.is_bare_template(node, key):
            hint = 'put it in quotes: "{{ var.value.name }}"'
            self._report(node, "yaml-key", "YAML reads a template without quotes as a mapping", hint)
        else:
            hint = "write a name before the colon"
            self._report(key, "yaml-key", "a key is text, not a list or mapping", hint)

    def _check_text(self, node: ScalarNode) -> None:
        # Only text in double quotes has escapes.
        control = NOT_PRINTABLE.search(node.value) if node.style == '"' else None
        if control:
            message = f"the control character U+{ord(control[0]):04X} is not allowed here"
            self._report(node, "yaml-encoding", message, "delete its escape")

    def _duplicate(self, key: ScalarNode, first: Node) -> None:
        message = f"the key '{key.value}' is repeated"
        hint = _REPEATED.get(key.value, "keep one of the two")
        self._report(key, "duplicate-key", message, hint, first, plain="a key is repeated")

    def _merge(self, parent: Node, key: Node, value: Node, into: dict[str, Any]) -> None:
        mappings = composer.merged_mappings(value)
        if not mappings:
            self._report(
                key, "yaml-key", "'<<' takes a mapping or a list of mappings", "write an alias such as *name"
            )
        for mapping in mappings:
            merged = self._child(parent, mapping)
            if isinstance(merged, dict) and self._too_large is None:
                into.update({name: item for name, item in merged.items() if name not in into})

    def _report(
        self,
        node: Node,
        code: str,
        message: str,
        hint: str,
        first: Node | None = None,
        plain: str | None = None,
    ) -> None:
        # A file that is too large is reported even beyond the limit, once.
        if len(self.problems) < MAX_PROBLEMS or node is self._too_large:
            problem = Problem(node=node, code=code, message=message, help=hint, first=first, plain=plain)
            self.problems.append(problem)

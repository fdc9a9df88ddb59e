"""YAML text to nodes that know their position.

YAML is read as its version 1.2 core schema says, the one that editors check against: `no` and `1:30` and
dates are text. Tags are refused, so nothing in a file can name a Python object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from yaml.error import MarkedYAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

try:
    from yaml import CSafeLoader as Loader  # seven to ten times faster than the parser in Python
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

MAX_DEPTH = 50
MAX_DOCUMENTS = 100

STR, INT, FLOAT, BOOL, NULL, MAP, SEQ = (
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")
)

SCALAR_TAGS = frozenset((STR, INT, FLOAT, BOOL, NULL))

# Longer numbers remain text, so that no value becomes infinite or slow to convert.
_INT = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,2})?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), NULL),
    **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), BOOL),
}


class Composer(Loader):
    """PyYAML's composer with the core schema's tags for plain scalars and a limit on the depth.

    The parser calls `descend_resolver` at each level. Without the bound a few hundred kilobytes of `[` end
    the interpreter with a segmentation fault, since libyaml's binding recurses in C.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def resolve(self, kind: type[Node], value: str, implicit: tuple[bool, bool]) -> str:
        """Return the tag of a node without an explicit one."""
        if kind is ScalarNode:
            return _plain_tag(value) if implicit[0] else STR
        return MAP if kind is MappingNode else SEQ

    def descend_resolver(self, parent: Node | None, _index: object) -> None:
        """Enter a node."""
        self._depth += 1
        if self._depth > MAX_DEPTH and parent is not None:
            problem = f"nested deeper than {MAX_DEPTH} levels"
            raise MarkedYAMLError(problem=problem, problem_mark=parent.start_mark)

    def ascend_resolver(self) -> None:
        """Leave a node."""
        self._depth -= 1


def compose(text: str) -> Iterator[Node]:
    """Yield the top node of each document; an empty one has a null scalar.

    Raises `yaml.error.MarkedYAMLError` if the text is not YAML, is nested too deep or has too many documents.
    """
    composer = Composer(text)
    count = 0
    while composer.check_node():
        node = composer.get_node()
        assert node is not None  # noqa: S101 (check_node has seen it)
        count += 1
        if count > MAX_DOCUMENTS:
            problem = f"more than {MAX_DOCUMENTS} documents in one file"
            raise MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        yield node


def scalar_value(node: ScalarNode) -> str | int | float | bool | None:
    """Convert a scalar by its tag; with an unknown tag, return its text."""
    text: str = node.value
    if node.tag == NULL:
        return None
    if node.tag == BOOL:
        return text.lower() == "true"
    if node.tag == INT and _INT.fullmatch(text):
        return _integer(text)
    return float(text) if node.tag == FLOAT and _FLOAT.fullmatch(text) else text


def is_merge_key(node: Node) -> bool:
    """Whether a mapping's key is the unquoted `<<`."""
    return isinstance(node, ScalarNode) and node.value == "<<" and not node.style


def is_bare_template(node: MappingNode, key: Node) -> bool:
    """Whether a mapping is `{{ ... }}` without quotes, whose inner braces are `key`."""
    outer, inner = node.start_mark, key.start_mark
    return (
        isinstance(key, MappingNode)
        and outer is not None
        and inner is not None
        and (bool(node.flow_style) and outer.line == inner.line and outer.column + 1 == inner.column)
    )


def merged_mappings(value: Node) -> list[MappingNode]:
    """Return the mappings of a merge key, strongest first; empty if it names none."""
    if isinstance(value, MappingNode):
        return [value]
    items = value.value if isinstance(value, SequenceNode) else []
    return list(items) if all(isinstance(item, MappingNode) for item in items) else []


def _plain_tag(text: str) -> str:
    tag = _WORDS.get(text)
    if tag is not None:
        return tag
    if text[0] not in "-+.0123456789":
        return STR
    if _INT.fullmatch(text):
        return INT
    return FLOAT if _FLOAT.fullmatch(text) else STR


def _integer(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text, base)

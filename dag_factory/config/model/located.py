"""Values of a draft: typed, with their location and origin, and the keys that give them."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, overload

from dag_factory.config.model.layers import Setting
from dag_factory.config.schema.keys import Section, defaults_of
from dag_factory.config.yaml.document import Location
from dag_factory.config.yaml.values import Value

if TYPE_CHECKING:
    # A protocol takes a millisecond to create, and only mypy needs it.
    from typing import ClassVar, Protocol

    class _Keyed(Protocol):
        """What has keys: a DAG, a sync, a schedule or an entry of `trigger_dags`."""

        section: ClassVar[Section | None]

        @property
        def location(self) -> Location: ...
        @property
        def settings(self) -> Mapping[str, Setting]: ...
        @property
        def invalid(self) -> frozenset[str]: ...


T = TypeVar("T")


class Origin(enum.Enum):
    """Where a value comes from: a file, the schema's default, or a weaker layer below an invalid value."""

    SET = "set"
    DEFAULT = "default"
    INVALID = "invalid"


class Located(NamedTuple, Generic[T]):
    """A typed value, where and how it is written; a default has the location of the mapping around it."""

    value: T
    location: Location
    origin: Origin
    written: Value = None

    @property
    def is_set(self) -> bool:
        """Whether a file sets it to a value that the schema accepts."""
        return self.origin is Origin.SET

    @property
    def is_invalid(self) -> bool:
        """Whether the schema refused what a file sets, so that another value applies."""
        return self.origin is Origin.INVALID


class Key(Generic[T]):
    """A key of the language as an attribute of a draft: `sync.timeout` is a `Located[int]` in seconds.

    The draft keeps what is read once, as with `functools.cached_property`: many rules ask for the same keys.

    Args:
        convert: Gives the typed value for one that the schema accepts.
        absent: The value where no file sets the key and the schema has no default.
    """

    def __init__(self, convert: Callable[[Any], T] | None = None, absent: T | None = None) -> None:
        self._convert = convert
        self.absent = absent
        self._name = ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, draft: None, owner: type) -> Key[T]: ...
    @overload
    def __get__(self, draft: _Keyed, owner: type) -> Located[T]: ...
    def __get__(self, draft: _Keyed | None, owner: type) -> Key[T] | Located[T]:
        if draft is None:
            return self
        located = vars(draft)[self._name] = self._located(draft, owner)
        return located

    def _located(self, draft: _Keyed, owner: type) -> Located[T]:
        setting = draft.settings.get(self._name)
        origin = Origin.DEFAULT if setting is None else Origin.SET
        if draft.invalid and self._name in draft.invalid:
            origin = Origin.INVALID
        if setting is None:
            return Located(typed_defaults(owner)[self._name], draft.location, origin)
        return Located(self.typed(setting.value), setting.location, origin, setting.value)

    def typed(self, value: Any) -> T:  # noqa: ANN401 (what YAML holds)
        """Convert a value that the schema has accepted."""
        return value if self._convert is None else self._convert(value)


def values_of(draft: _Keyed) -> dict[str, Any]:
    """Return the typed value of each key, defaults included."""
    known = _keys_of(type(draft))
    typed = {key: known[key].typed(each.value) for key, each in draft.settings.items() if key in known}
    return {**typed_defaults(type(draft)), **typed}


def located_texts(value: Value, location: Location) -> Iterator[tuple[str, Location]]:
    """Yield each text inside a value; values are no deeper than the parser lets files be."""
    if isinstance(value, str):
        yield value, location
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from located_texts(part, location.part(key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from located_texts(part, location.part(index))


@functools.cache
def _keys_of(draft: type[_Keyed]) -> Mapping[str, Key[Any]]:
    return {name: key for name, key in vars(draft).items() if isinstance(key, Key)}


@functools.cache
def typed_defaults(draft: type[_Keyed]) -> Mapping[str, Any]:
    """Convert the schema's defaults once; the table is the same for all drafts of a class."""
    written = defaults_of(draft.section) if draft.section else {}
    return {
        name: key.typed(written[name]) if name in written else key.absent
        for name, key in _keys_of(draft).items()
    }

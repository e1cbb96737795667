"""Attributes that are worked out once and kept."""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

ValueT = TypeVar("ValueT")


class kept(Generic[ValueT]):
    """A property worked out when it is first asked for, and kept in the object.

    `functools.cached_property` does the same, and up to Python 3.11 takes a lock each time; records are read by the
    million, and what they keep would come out the same for whoever works it out twice.
    """

    def __init__(self, work_out: Callable[[Any], ValueT]) -> None:
        self._work_out = work_out
        self.__doc__ = work_out.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> ValueT: ...
    def __get__(self, instance: object | None, owner: type) -> Self | ValueT:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._work_out(instance)
        return value

"""Copies of objects in memory: taken down once, made as often as wanted.

Pickling does it. What ``copy.deepcopy`` looks at object by object in Python, C writes
down once and makes again in a tenth of the time.
"""

import io
import pickle
import re
import sys
import threading
from collections.abc import Sequence
from types import CellType, CodeType, FunctionType
from typing import Any, Generic, TypeVar

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_T = TypeVar("_T")
_DATA = (str, int, dict, tuple, list, type(None))
_LOCKS = {type(make()): make for make in (threading.Lock, threading.RLock)}


class Original(Generic[_T]):
    """An object as it was, whatever becomes of it and of its copies.

    It is exact: a small function that speaks of an object that is copied too speaks of
    the copy from then on. Only locks are new and open.
    """

    def __init__(self, whole: _T) -> None:
        """Take it down as it is now."""
        written = io.BytesIO()
        writer = _Writer(written)
        writer.dump(whole)
        self._written = written.getvalue()
        self._shared = writer.shared

    def copy(self) -> _T:
        """One more, that shares nothing with the others that could change."""
        reader = _Reader(io.BytesIO(self._written))
        reader.shared = self._shared
        copied: _T = reader.load()
        return copied


class _Writer(pickle.Pickler):
    """Writes down what every copy has of its own, and keeps what all of them share."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.shared: list[object] = []

    def persistent_id(self, one: object) -> int | None:
        if isinstance(one, _DATA) or not _never_changes(one):
            return None
        self.shared.append(one)
        return len(self.shared) - 1

    def reducer_override(self, one: object) -> Any:
        if type(one) in _LOCKS:
            return _LOCKS[type(one)], ()
        if isinstance(one, CellType):
            return _cell, (one.cell_contents,)
        if isinstance(one, FunctionType):
            names = (one.__module__, one.__name__)
            return _function, (one.__code__, names, one.__defaults__, one.__closure__)
        return NotImplemented


class _Reader(pickle.Unpickler):
    shared: Sequence[object]

    def persistent_load(self, number: int) -> object:
        return self.shared[number]


def _never_changes(one: object) -> bool:
    if isinstance(one, FunctionType):
        return not one.__closure__
    return isinstance(one, CodeType | re.Pattern | RSAPrivateKey)


def _cell(content: object) -> CellType:
    return CellType(content)


def _function(
    code: CodeType,
    names: tuple[str, str],
    defaults: tuple[object, ...] | None,
    cells: tuple[CellType, ...],
) -> FunctionType:
    module, name = names
    known = sys.modules[module].__dict__
    return FunctionType(code, known, name, defaults, cells)

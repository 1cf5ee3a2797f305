"""Which keys syncd.toml knows, and advice for those that it does not."""

import difflib
import types
import typing
from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from syncd.config.settings import Settings


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice for an unknown name: the nearest known one, else all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"


def known_keys(section: Sequence[object]) -> Iterable[str]:
    """The keys of a section; those of the file for the empty path."""
    model: type[BaseModel] = Settings
    for name in section:
        field = model.model_fields.get(str(name))
        inner = None if field is None else section_of(field.annotation)
        if inner is None:
            return ()
        model = inner
    return model.model_fields


def section_of(annotation: object) -> type[BaseModel] | None:
    """The section type behind ``X`` or ``X | None``."""
    options = (
        typing.get_args(annotation)
        if isinstance(annotation, types.UnionType)
        else (annotation,)
    )
    for option in options:
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return None


def is_list(section: str, key: str) -> bool:
    """Whether a key of a section holds a list."""
    field = Settings.model_fields.get(section)
    model = None if field is None else section_of(field.annotation)
    inner = None if model is None else model.model_fields.get(key)
    return inner is not None and typing.get_origin(inner.annotation) in {tuple, list}

"""The small world of tests/core, for single kinds of evidence."""

from tests.core.conftest import world

__all__ = ["world"]

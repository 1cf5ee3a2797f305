"""Companies with their services, as fixtures."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest

from syncd.sandbox.run import RunningSandbox, start


def company(
    *, accounts: int, seed: int, scope: Literal["function", "module"] = "function"
) -> Any:
    """A fixture: a company's services over HTTP, stopped at the end."""

    @pytest.fixture(scope=scope)
    def sandbox() -> Iterator[RunningSandbox]:
        running = start(accounts=accounts, seed=seed)
        yield running
        running.close()

    return sandbox

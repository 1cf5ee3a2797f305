"""One service per store: the second one is refused with the first one's name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from syncd.db.lock import Lock, TakenError, holding
from syncd.errors import GuardError, Problem

_LOCK_KEY: Final = 7_396_124_501  # any number that nobody else takes


@contextmanager
def only_service(store_url: str) -> Iterator[None]:
    """Hold this while the service runs.

    Raises:
        GuardError: Another service holds it; the message names its pid.
    """
    engine = sa.create_engine(store_url)
    path = Path(f"{engine.url.database}.service")
    lock = Lock(key=_LOCK_KEY, role="service", path=path)
    try:
        with holding(engine, lock):
            yield
    except TakenError as taken:
        raise GuardError(
            Problem(
                where="syncd run",
                what=f"another service works on this store ({taken.holder})",
                remedy="stop it first, or give this one a store of its own",
            )
        ) from None
    finally:
        engine.dispose()

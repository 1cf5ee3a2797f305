"""What would differ between two runs of one seed: time, sleep, tokens, jitter."""

import logging
import random
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import structlog
import time_machine

from syncd import clock

START = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)


class VirtualTime:
    """The clock of syncd's machine: it moves only when told to, and all others with it.

    A sleep moves it on instead of waiting. ``ahead_s`` is how far it is from the start.
    """

    def __init__(self, traveller: time_machine.Traveller) -> None:
        """Stands still at the traveller's destination."""
        self._traveller = traveller
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        """The present instant."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on; never back."""
        self.jump(timedelta(seconds=max(0.0, seconds)))

    def jump(self, by: timedelta) -> None:
        """Somebody sets the machine's clock; no time passes."""
        self._traveller.shift(by)
        self._now = datetime.now(UTC)


@contextmanager
def determined(seed: str, start: datetime) -> Iterator[VirtualTime]:
    """While this holds, everything that is usually left to chance follows the seed.

    The standard library's sources are replaced, so that nothing in the product knows:
    the clock (also google-auth's), ``secrets`` (run ids, and the services' tokens), the
    jitter of retries, and sleep. Of syncd's own only its clock, which is asked a
    thousand times a seed, is given what the library's would say. Logs are silent.
    """
    ids = random.Random(f"ids {seed}")

    def token_hex(size: int = 32) -> str:
        return f"{ids.getrandbits(8 * size):0{2 * size}x}"

    before = random.getstate()
    traveller = time_machine.travel(start, tick=False)
    with ExitStack() as stack:
        stack.callback(random.setstate, before)
        stack.callback(structlog.configure, **structlog.get_config())
        quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
        structlog.configure(wrapper_class=quiet)
        random.seed(f"jitter {seed}")
        virtual = VirtualTime(traveller.start())
        stack.callback(traveller.stop)
        for target, name, value in (
            (secrets, "token_hex", token_hex),
            (secrets, "token_urlsafe", token_hex),
            (time, "sleep", virtual.advance),
            (clock, "now", virtual.now),
        ):
            stack.enter_context(patch.object(target, name, value))
        yield virtual

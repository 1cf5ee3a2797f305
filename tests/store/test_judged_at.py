"""Time passes for rules as Salesforce has it, where our clock is ahead of that."""

from datetime import datetime, timedelta

import pytest

from syncd.model.outcome import PollOutcome
from syncd.pipeline.known import judged_at
from syncd.store import Store

pytestmark = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("ahead", "corrected"),
    [
        (timedelta(hours=1), timedelta(hours=1)),
        (timedelta(minutes=5, seconds=1), timedelta(minutes=5, seconds=1)),
        (timedelta(minutes=5), timedelta(0)),
        (timedelta(seconds=6), timedelta(0)),
        (timedelta(hours=-1), timedelta(0)),
    ],
)
def test_a_clock_that_is_ahead_ends_no_wait_early(
    store: Store, now: datetime, ahead: timedelta, corrected: timedelta
) -> None:
    """One that is behind lets us wait longer, and that is all."""
    polled = now - timedelta(minutes=1)
    assert judged_at(store.mirror.polls(), now=now) == now
    store.mirror.save_poll(
        PollOutcome(
            system="salesforce",
            complete=True,
            as_of=polled,
            read_until=polled - ahead,
        )
    )
    assert judged_at(store.mirror.polls(), now=now) == now - corrected

"""Our own share of a vendor's allowance."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import RetryableError
from syncd.kit.budget import CallBudget

START = datetime(2026, 11, 24, tzinfo=UTC)


def test_a_used_up_share_says_when_it_is_free_again():
    """The third of two allowed calls is refused until the first one is an hour old."""
    now = [START]
    budget = CallBudget("x", window=timedelta(hours=1), now=lambda: now[0])
    for minute in (0, 10):
        now[0] = START + timedelta(minutes=minute)
        budget.spend(allowed=2, code="share")
    now[0] = START + timedelta(minutes=20)
    with pytest.raises(RetryableError) as caught:
        budget.spend(allowed=2, code="share")
    assert caught.value.retry_after_s == timedelta(minutes=40).total_seconds()
    now[0] = START + timedelta(minutes=60)
    budget.spend(allowed=2, code="share")


def test_without_a_known_limit_nothing_is_refused():
    """Before the first answer the allowance is not known."""
    budget = CallBudget("x", window=timedelta(hours=1), now=lambda: START)
    for _ in range(100):
        budget.spend(allowed=0, code="share")


@given(st.lists(st.integers(0, 300), max_size=80), st.integers(1, 10))
def test_no_window_ever_holds_more_than_allowed(gaps, allowed):
    """Whatever the pace, no hour has more calls than our share."""
    now = [START]
    budget = CallBudget("x", window=timedelta(hours=1), now=lambda: now[0])
    made = []
    for gap in gaps:
        now[0] += timedelta(seconds=gap * 10)
        try:
            budget.spend(allowed=allowed, code="share")
        except RetryableError:
            continue
        made.append(now[0])
    for one in made:
        inside = [at for at in made if one <= at < one + timedelta(hours=1)]
        assert len(inside) <= allowed

"""Waiting and trying again."""

from datetime import UTC, datetime

import pytest

from syncd.errors import ConnectorError, RetryableError
from syncd.kit.retry import retrying
from syncd.kit.retry_after import retry_after_s

NOW = datetime(2026, 11, 24, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        (str(int(NOW.timestamp()) + 30), 30),
        ("Tue, 24 Nov 2026 09:02:00 GMT", 120),
        ("2026-11-24T09:10:00Z", 600),
        ("2026-11-24T08:00:00Z", 0),
        ("soon", None),
        ("", None),
    ],
)
def test_every_form_of_retry_after_is_understood(text, seconds):
    """Seconds, epoch, HTTP date and ISO 8601; the past means at once."""
    assert retry_after_s({"Retry-After": text}, now=NOW) == seconds


def test_an_instant_to_wait_for_is_held_against_the_services_own_clock():
    """Ours may be an hour off: the answer's Date says what the service means."""
    headers = {
        "Date": "Tue, 24 Nov 2026 10:00:00 GMT",
        "Retry-After": "Tue, 24 Nov 2026 10:00:30 GMT",
    }
    assert retry_after_s(headers, now=NOW) == 30


def attempts(*errors, **options):
    """What a call that fails so often makes of it: result, tries and waits."""
    left, waits, tries = list(errors), [], []

    def call():
        tries.append(1)
        if left:
            raise left.pop(0)
        return "done"

    try:
        result = retrying(call, sleep=waits.append, **options)
    except (RetryableError, ConnectorError) as error:
        result = error.code
    return result, len(tries), waits


def busy(**options):
    """An answer that asks to come back."""
    return RetryableError(system="x", code="busy", **options)


def test_the_remotes_own_hint_wins():
    """A wait that the remote asked for is kept to the second."""
    assert attempts(busy(retry_after_s=7)) == ("done", 2, [7])


def test_tries_are_bounded():
    """After five tries the last error is the caller's."""
    result, tries, waits = attempts(*[busy() for _ in range(9)])
    assert (result, tries, len(waits)) == ("busy", 5, 4)


@pytest.mark.parametrize(
    "error",
    [
        ConnectorError(system="x", code="bug"),
        busy(ambiguous=True),
        busy(retry_after_s=4000),
    ],
)
def test_what_must_not_be_repeated_is_not(error):
    """Bugs, writes of unknown outcome and long waits end at once."""
    assert attempts(error) == (error.code, 1, [])

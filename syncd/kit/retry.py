"""The one retry layer: what may be tried again, how often, and how long to wait."""

from collections.abc import Callable
from typing import Final, TypeVar

import tenacity

from syncd import clock
from syncd.errors import RetryableError

_T = TypeVar("_T")
_FIRST_WAIT_S: Final = 0.5


def retrying(
    call: Callable[[], _T],
    *,
    attempts: int = 5,
    cap_s: float = 60.0,
    total_s: float = 180.0,
    sleep: Callable[[float], None] = clock.sleep_s,
) -> _T:
    """What ``call`` returns, tried again on :class:`RetryableError` only.

    Waits 0.5 s, 1 s, 2 s … with jitter, at most ``cap_s``; the remote's own hint
    wins. An ambiguous error is not retried: a write may have happened.

    Raises:
        RetryableError: The last one, after ``attempts`` tries or ``total_s`` seconds,
            or at once when the remote asks for more than ``cap_s``.
    """
    backoff = tenacity.wait_random_exponential(multiplier=_FIRST_WAIT_S, max=cap_s)

    def wait_s(state: tenacity.RetryCallState) -> float:
        error = _error(state)
        if error is not None and error.retry_after_s is not None:
            return error.retry_after_s
        return backoff(state)

    def may_retry(error: BaseException) -> bool:
        return (
            isinstance(error, RetryableError)
            and not error.ambiguous
            and (error.retry_after_s or 0) <= cap_s
        )

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(may_retry),
        wait=wait_s,
        stop=tenacity.stop_any(
            tenacity.stop_after_attempt(attempts), tenacity.stop_before_delay(total_s)
        ),
        sleep=sleep,
        reraise=True,
    )(call)


def _error(state: tenacity.RetryCallState) -> RetryableError | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, RetryableError) else None

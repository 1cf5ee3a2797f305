"""Exit codes, and which error ends in which."""

from enum import IntEnum

from syncd.errors import (
    AuthError,
    ConfigError,
    DryRunRefusedError,
    GuardError,
    RemoteError,
    StoreError,
    SyncdError,
    UsageError,
)


class ExitCode(IntEnum):
    """What a command ends with; the numbers are a contract."""

    DONE = 0
    FAILURE = 1
    USAGE = 2
    PENDING = 3
    REFUSED = 4
    PARTIAL = 5
    CREDENTIALS = 6


_BY_ERROR: tuple[tuple[type[SyncdError], ExitCode], ...] = (
    (ConfigError, ExitCode.USAGE),
    (UsageError, ExitCode.USAGE),
    (GuardError, ExitCode.REFUSED),
    (DryRunRefusedError, ExitCode.REFUSED),
    (AuthError, ExitCode.CREDENTIALS),
    (RemoteError, ExitCode.PARTIAL),
    (StoreError, ExitCode.FAILURE),
)


def exit_code_of(error: SyncdError) -> ExitCode:
    """The code for an error that nothing handled."""
    for kind, code in _BY_ERROR:
        if isinstance(error, kind):
            return code
    return ExitCode.FAILURE

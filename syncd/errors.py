"""Every deliberate error, named by the caller's next step.

Messages are free of secrets and of personal content: ids, field names, codes and
remedies only. The class decides the exit code (see ``syncd.cli``).
"""

from collections.abc import Sequence
from dataclasses import dataclass


class SyncdError(Exception):
    """Base of all deliberate errors; never raised itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, where, and what to do about it.

    ``where`` names file and key, or system, object and record.
    """

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} → {self.remedy}"


class ConfigError(SyncdError):
    """The configuration, or a file that was given, is wrong: all problems (exit 2)."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(SyncdError):
    """The command was called wrongly (exit 2)."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class RemoteError(SyncdError):
    """A call to a remote system failed.

    Attributes:
        system: Which connector, for example ``salesforce``.
        code: The vendor's error code, or ``http_<status>``.
        status: HTTP status, 0 when no answer came.
    """

    def __init__(
        self, *, system: str, code: str, status: int = 0, detail: str = ""
    ) -> None:
        self.system = system
        self.code = code
        self.status = status
        self.detail = detail
        text = f"{system}: {code}" + (f" (HTTP {status})" if status else "")
        super().__init__(f"{text}: {detail}" if detail else text)


class RetryableError(RemoteError):
    """Back off and try again.

    ``retry_after_s`` is the remote's own hint, None when it gave none.
    ``ambiguous`` says that a write may have taken effect all the same.
    """

    def __init__(
        self,
        *,
        system: str,
        code: str,
        status: int = 0,
        detail: str = "",
        retry_after_s: float | None = None,
        ambiguous: bool = False,
    ) -> None:
        super().__init__(system=system, code=code, status=status, detail=detail)
        self.retry_after_s = retry_after_s
        self.ambiguous = ambiguous


class AuthError(RemoteError):
    """Credentials are refused: stop this connector, ask a person (exit 6)."""


class CursorError(RemoteError):
    """The stored cursor is dead: start this stream over from its last safe point."""


class SkipRecordError(RemoteError):
    """This one record cannot be read or written: note it and go on."""


class ConflictError(RemoteError):
    """The record moved since it was read: plan anew."""


class ConnectorError(RemoteError):
    """This call will never work as it is: a bug or a setting (exit 1 or 5)."""


class DryRunRefusedError(SyncdError):
    """A dry run tried to send something that is not on its read allow-list."""

    def __init__(self, *, system: str, method: str, path: str) -> None:
        self.system = system
        self.method = method
        self.path = path
        super().__init__(f"{system}: {method} {path} refused: this is a dry run")


class GuardError(SyncdError):
    """A guard refused to write (exit 4)."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class BusyError(GuardError):
    """A guard refused to write for now: the same may be written later (exit 4)."""


class StoreError(SyncdError):
    """The store is unreachable, damaged, locked or of another version."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))

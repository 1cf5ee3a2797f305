"""What commands say about polls and runs, and the exit codes that follow."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from syncd.cli.exit_codes import ExitCode
from syncd.cli.output import print_json, print_table

if TYPE_CHECKING:
    from syncd.model.outcome import PollOutcome, RunOutcome
    from syncd.ports.mirror import Proof

_GOOD = frozenset({"done", "already"})


def poll_code(polls: Iterable["PollOutcome"]) -> ExitCode:
    """6: credentials are needed; 2: a mapped field is missing; 5: a system is down."""
    incomplete = [poll for poll in polls if not poll.complete]
    if any(poll.needs_credentials for poll in incomplete):
        return ExitCode.CREDENTIALS
    if any(poll.needs_configuration for poll in incomplete):
        return ExitCode.USAGE
    return ExitCode.PARTIAL if incomplete else ExitCode.DONE


def say_incomplete(polls: Iterable["PollOutcome"]) -> None:
    """One line on stderr for each connector that could not be read to the end."""
    for poll in polls:
        if not poll.complete:
            print(f"syncd: {poll.system} is incomplete: {poll.error}", file=sys.stderr)


def print_polls(polls: Sequence["PollOutcome"]) -> None:
    """A table of what each connector brought."""
    print_table(
        (
            "connector",
            "records",
            "changed",
            "deleted",
            "quarantined",
            "seconds",
            "state",
        ),
        [
            (
                poll.system,
                poll.records,
                poll.changed,
                poll.deleted,
                poll.quarantined,
                f"{poll.duration_s:.1f}",
                "complete" if poll.complete else f"incomplete: {poll.error}",
            )
            for poll in polls
        ],
    )


def print_proofs(proofs: Sequence["Proof"]) -> None:
    """A table of what was held against the services, and what was mended."""
    if not proofs:
        return
    print_table(
        ("proved", "until", "missing", "stale", "gone", ""),
        [
            (
                f"{proof.system} {proof.object}",
                f"{proof.until:%Y-%m-%d %H:%M}",
                proof.missing,
                proof.stale,
                proof.gone,
                proof.doubted or ("mended" if proof.repaired else "complete"),
            )
            for proof in proofs
        ],
    )


def print_runs(runs: Iterable["RunOutcome"], *, empty: str) -> None:
    """A table of runs, the last one first as they come."""
    rows = []
    for run in runs:
        good = sum(item.status.value in _GOOD for item in run.items)
        when = f"{run.started_at:%Y-%m-%d %H:%M:%S}"
        left = len(run.items) - good
        rows.append((run.run_id, run.kind, when, run.plan_id or "-", good, left))
    print_table(
        ("run", "kind", "started (UTC)", "plan", "done", "other"), rows, empty=empty
    )


def finish_run(run: "RunOutcome", *, as_json: bool) -> ExitCode:
    """Print a run; 5 when any of its changes did not come about."""
    if as_json:
        print_json(run)
    else:
        counts = Counter(item.status.value for item in run.items)
        said = ", ".join(
            f"{count} {status}" for status, count in sorted(counts.items())
        )
        print(f"{run.run_id}: {said or 'nothing to do'}")
        for item in run.items:
            if item.status.value not in _GOOD:
                print(f"  {item.change_id} {item.status.value}: {item.detail}")
    return run_code(run)


def run_code(run: "RunOutcome") -> ExitCode:
    """5 when any of a run's changes did not come about."""
    good = all(item.status.value in _GOOD for item in run.items)
    return ExitCode.DONE if good else ExitCode.PARTIAL

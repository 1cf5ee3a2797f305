"""``syncd status``."""

from typing import TYPE_CHECKING, Any

import typer

from syncd.cli.options import AsJson

if TYPE_CHECKING:
    from syncd.app import App
    from syncd.ports.ledger import LedgerEntry


def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show connectors, lag and what waits. Changes nothing.

    Examples: ``syncd status``, ``syncd status --json``
    """
    from syncd.cli.output import print_json  # noqa: PLC0415

    with context.obj.app(connect=False) as app:
        told = _status(app)
    if as_json:
        print_json(told)
    else:
        _print(told)


def _status(app: "App") -> dict[str, Any]:
    import msgspec  # noqa: PLC0415

    from syncd import clock  # noqa: PLC0415
    from syncd.model.tombstone import TombstoneKind  # noqa: PLC0415

    mirror = app.store.mirror
    now = clock.now()
    polls = mirror.polls()
    quarantined = mirror.quarantined()
    parked = app.store.ledger.open_intents()
    return {
        "mode": app.config.settings.mode.value,
        "stopped": app.stopped(),
        "connectors": {
            system: _connector(polls.get(system), now=now)
            for system in app.config.configured
        },
        "records": {
            f"{system}.{name}": count
            for (system, name), count in sorted(mirror.live_counts().items())
        },
        "quarantined": [
            {"record": str(one.ref), "reason": one.reason, "field": one.path}
            for one, _ in quarantined
        ],
        "doubted_snapshots": [
            {"id": one.id, "says": one.says, **msgspec.to_builtins(one)}
            for one in mirror.doubts()
        ],
        "proofs": mirror.proofs(),
        "open_intents": len(parked),
        "parked": [_parked(entry) for entry in parked],
        "resting": [
            {"id": one.id, "record": f"{one.object} {one.what}", "says": one.says}
            for one in app.store.tombstones.all(now=now)
            if one.kind is TombstoneKind.REFUSED
        ],
        "last_runs": app.store.ledger.runs(limit=5),
    }


def _connector(poll: Any, *, now: Any) -> dict[str, Any]:  # noqa: ANN401
    if poll is None:
        return {"polled": False}
    lag_s = (now - poll.as_of).total_seconds() if poll.as_of else None
    return {
        "polled": True,
        "complete": poll.complete,
        "as_of": poll.as_of,
        "lag_s": lag_s,
        "error": poll.error,
        "notes": poll.notes,
    }


def _print(told: dict[str, Any]) -> None:
    from syncd.cli.outcomes import print_runs  # noqa: PLC0415
    from syncd.cli.output import print_table  # noqa: PLC0415

    stopped = " (stop file present: nothing is written)" if told["stopped"] else ""
    print(f"mode: {told['mode']}{stopped}")
    print_table(
        ("connector", "state", "as of (UTC)", "lag"),
        [
            (
                system,
                _state(one),
                f"{one['as_of']:%Y-%m-%d %H:%M:%S}" if one.get("as_of") else "-",
                f"{one['lag_s']:.0f} s" if one.get("lag_s") is not None else "-",
            )
            for system, one in told["connectors"].items()
        ],
    )
    print_table(("records of", "live"), list(told["records"].items()))
    print_runs(told["last_runs"], empty="no runs yet: nothing was ever written")
    for one in told["quarantined"]:
        print(f"quarantined: {one['record']} {one['field']} {one['reason']}")
    for doubt in told["doubted_snapshots"]:
        print(
            f"not believed: {doubt['system']} {doubt['says']}; nothing was deleted, "
            f"nothing is written there until it is as before, or "
            f"`syncd doubts clear {doubt['id']}`"
        )
    for proof in told["proofs"]:
        if proof.repaired or proof.doubted:
            print(
                f"proof of {proof.system} {proof.object}, {proof.proved_at:%Y-%m-%d}: "
                f"{proof.missing} missing, {proof.stale} stale, {proof.gone} gone: "
                f"{proof.doubted or 'mended'}"
            )
    for one in told["parked"]:
        print(
            f"outcome unknown: {one['operation']} {one['record']} of {one['run_id']} "
            f"since {one['since']:%Y-%m-%d %H:%M:%S}; looked for by every run and plan"
        )
    for one in told["resting"]:
        print(
            f"at rest: {one['record']}: {one['says']}; mend the cause, then "
            f"`syncd tombstones clear {one['id']}`"
        )


def _parked(entry: "LedgerEntry") -> dict[str, Any]:
    change = entry.change
    return {
        "change": change.id,
        "operation": change.operation,
        "record": f"{change.object} {change.record_id or change.natural_key}",
        "run_id": entry.run_id,
        "since": entry.intended_at,
    }


def _state(one: dict[str, Any]) -> str:
    if not one["polled"]:
        return "never polled"
    return "complete" if one["complete"] else f"incomplete: {one['error']}"


COMMAND = status

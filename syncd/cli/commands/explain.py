"""``syncd explain``."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.options import AsJson

_TIMELINES = {"Account": "account", "Opportunity": "opportunity"}

if TYPE_CHECKING:
    from syncd.pipeline.explain import Explanation
    from syncd.pipeline.look import Shown


def explain(
    context: typer.Context,
    record_id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="An activity, call, engagement, event, opportunity, finding or "
            "change; system/object/id where an id is not unique.",
        ),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Show why: the evidence behind an answer.

    Candidates, their weights, the smallest fact that would change the answer, and
    what other tools' published rules would have chosen. Reads the mirror only.
    Changes nothing.

    Examples: ``syncd explain 00T5g00000AbCdEEAV``, ``syncd explain fnd_1f… --json``
    """
    from syncd.cli.output import print_json  # noqa: PLC0415
    from syncd.pipeline.explain import Explainer  # noqa: PLC0415

    with context.obj.app(connect=False) as app:
        looker = app.looker()
        explainer = Explainer(
            looker=looker, plans=app.store.plans, ledger=app.store.ledger
        )
        told = explainer.explain(record_id)
    if as_json:
        print_json(told)
    else:
        print("\n".join(_lines(told)))


def _name(shown: "Shown") -> str:
    label = f"{shown.system} {shown.object} {shown.id}"
    named = f"{shown.name!r} ({label})" if shown.name else label
    return f"{named}  {shown.url}" if shown.url else named


def _block(title: str, lines: Iterable[str]) -> Iterator[str]:
    body = list(lines)
    if body:
        yield ""
        yield title
        yield from (f"  {line}" for line in body)


def _lines(told: "Explanation") -> Iterator[str]:
    yield _name(told.subject) if told.subject else told.id
    if told.home:
        name = f"{told.home_name!r}, " if told.home_name else ""
        yield f"judged with {name}{told.home}: {told.filed_because}"
    elif told.filed_because:
        yield told.filed_because
    if told.interaction:
        yield from _interaction_lines(told)
    yield from _block("findings", told.rule_findings)
    yield from _block("in the plan", _planned(told))
    yield from _block("written", _written(told))
    command = _TIMELINES.get(told.subject.object) if told.subject else None
    if told.subject and command:
        yield ""
        yield f"people, timeline and findings: syncd {command} {told.subject.id}"


def _interaction_lines(told: "Explanation") -> Iterator[str]:
    yield ""
    yield f"one {told.kind}, {told.status}: the records that speak of it"
    for member in told.members:
        yield f"  {_name(member.record)}"
        yield f"    because {member.because}"
    people = [
        f"{one.email} [{one.side}] {one.because}"
        + "".join(f"\n      = {_name(shown)}" for shown in one.is_)
        for one in told.people
    ]
    yield from _block("people", people)
    if told.decision:
        yield from _block(
            "which opportunity or case",
            [f"{told.decision}: {told.decided_because}", *_candidates(told)],
        )
    if told.flip:
        yield f"  {told.flip}"
    yield from _block("what other tools' published rules would choose", _others(told))


def _others(told: "Explanation") -> Iterator[str]:
    """Rules that choose the same stand on one line."""
    by_choice: dict[tuple[str, ...], list[str]] = {}
    for one in told.baselines:
        named = tuple(_name(shown) for shown in one.chooses)
        by_choice.setdefault(named, []).append(one.name)
    for chosen, names in by_choice.items():
        yield f"{', '.join(names)}:"
        yield from (f"    {name}" for name in chosen or ("none",))


def _candidates(told: "Explanation") -> Iterator[str]:
    for candidate in told.candidates:
        yield f"{candidate.probability:6.1%}  {_name(candidate.target)}"
        yield from (f"        {line}" for line in candidate.evidence)
        yield from (f"        never: {veto}" for veto in candidate.vetoes)


def _planned(told: "Explanation") -> Iterator[str]:
    from syncd.reports.values import field_lines, sure, verb_of  # noqa: PLC0415

    for finding in told.findings:
        yield f"{finding.id} {finding.rule} [{finding.status}] {finding.message}"
        for one in finding.evidence:
            yield f"    {one.system} {one.object} {one.id}: {one.says}"
        if finding.why_not:
            yield f"    no change: {finding.why_not}"
    for change in told.changes:
        what = f"{verb_of(change)} {change.system} {change.object}"
        yield f"{change.id} {what} {change.record_id or '(new)'} [{change.mode}]"
        for line in field_lines(change, told.names):
            yield f"    {line.field}: {line.was} → {line.becomes}"
        yield f"    {sure(change.confidence)} sure: {change.reason}"


def _written(told: "Explanation") -> Iterator[str]:
    for entry in told.writes:
        when = entry.settled_at or entry.intended_at
        yield f"{when:%Y-%m-%d %H:%M} {entry.state} in {entry.run_id} {entry.detail}"


COMMAND = explain

"""Prints an account or an opportunity for people."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from syncd.cli.output import print_json, print_table

if TYPE_CHECKING:
    from syncd.cli.invocation import Invocation
    from syncd.pipeline.timeline import PersonLine, Timeline, TimelineEntry


def show(invocation: "Invocation", *, kind: str, given: str, as_json: bool) -> None:
    """Print the timeline of ``kind`` (account or opportunity) with this id."""
    from syncd.pipeline import timeline  # noqa: PLC0415

    build: Any = getattr(timeline, f"{kind}_timeline")
    with invocation.app(connect=False) as app:
        looker = app.looker()
        told: Timeline = build(looker, given)
    if as_json:
        print_json(told)
    else:
        _print(told)


def _yes(value: object) -> str:
    return "yes" if value else "-"


def _print(told: "Timeline") -> None:
    subject = told.subject
    print(f"{subject.name} ({subject.object} {subject.id})  {subject.url}".rstrip())
    print()
    print_table(
        ("opportunity", "id", "stage", "closes"),
        [
            (one.opportunity.name, one.opportunity.id, one.stage, one.close_date)
            for one in told.opportunities
        ],
    )
    print_table(
        ("contact", "role", "primary", "Salesforce", "Outreach"),
        [
            (
                one.person.name or one.person.id,
                one.role or "-",
                _yes(one.is_primary),
                _yes(one.in_salesforce),
                _yes(one.in_outreach),
            )
            for one in told.roles
        ],
    )
    print_table(
        ("person", "contact", "prospect", "roles"),
        [_person(one) for one in told.people],
    )
    print_table(
        ("when (UTC)", "what", "status", "about", "name", "in", "id"),
        [_entry(one) for one in told.entries],
        empty="nothing happened in the time that is loaded",
    )
    print_table(
        ("rule", "severity", "record", "says"),
        [
            (one.rule, one.severity, one.subject.id, one.message)
            for one in told.findings
        ],
        empty="no findings",
    )


def _person(one: "PersonLine") -> tuple[object, ...]:
    shown = one.contact or one.prospects[0]
    return (
        shown.name or shown.id,
        one.contact.id if one.contact else "-",
        ", ".join(prospect.id for prospect in one.prospects) or "-",
        one.opportunities or "-",
    )


def _entry(one: "TimelineEntry") -> tuple[object, ...]:
    """One interaction; its id is the one to give to ``syncd explain``."""
    main = min(one.records, key=lambda record: record.system != "salesforce")
    counts = Counter(record.system for record in one.records)
    return (
        f"{one.at:%Y-%m-%d %H:%M}",
        one.kind,
        one.status,
        one.target or "-",
        main.name or "-",
        ", ".join(f"{s} x{n}" if n > 1 else s for s, n in sorted(counts.items())),
        main.id,
    )

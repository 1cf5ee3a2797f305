"""Prints an account or an opportunity for people."""

from typing import TYPE_CHECKING, Any

from syncd.cli.output import print_json, print_table

if TYPE_CHECKING:
    from syncd.cli.invocation import Invocation
    from syncd.pipeline.timeline import Timeline


def show(invocation: "Invocation", *, kind: str, given: str, as_json: bool) -> None:
    """Print the timeline of ``kind`` (account or opportunity) with this id."""
    from syncd import clock  # noqa: PLC0415
    from syncd.pipeline import timeline  # noqa: PLC0415
    from syncd.pipeline.look import Looker  # noqa: PLC0415

    build: Any = getattr(timeline, f"{kind}_timeline")
    with invocation.app(connect=False) as app:
        looker = Looker(
            mirror=app.store.mirror,
            policy=app.policy,
            rules=app.rules,
            now=clock.now(),
        )
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
    if told.opportunities:
        print_table(
            ("opportunity", "id", "stage", "closes"),
            [
                (one.opportunity.name, one.opportunity.id, one.stage, one.close_date)
                for one in told.opportunities
            ],
        )
    if told.roles:
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
        ("when", "what", "status", "about", "records"),
        [
            (
                f"{one.at:%Y-%m-%d %H:%M}",
                one.kind,
                one.status,
                one.target or "-",
                ", ".join(f"{r.system} {r.object} {r.id}" for r in one.records),
            )
            for one in told.entries
        ],
    )
    print_table(
        ("finding", "rule", "severity", "says"),
        [(one.id, one.rule, one.severity, one.message) for one in told.findings],
    )

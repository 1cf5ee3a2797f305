"""Call Tasks that are over, and the records of other systems that speak of them."""

from collections.abc import Iterator

from syncd.interactions.activity import kind_of
from syncd.interactions.status import has_ended
from syncd.model.entities import Activity, Call, Engagement
from syncd.model.interaction import Interaction
from syncd.model.record import RecordRef
from syncd.model.rule import RuleContext
from syncd.model.view import AccountView
from syncd.rules._activities import judged


def finished_calls(
    view: AccountView, ctx: RuleContext
) -> Iterator[tuple[Activity, Interaction]]:
    """Tasks that log a call which took place: closed, or ended by Outreach's word."""
    for activity, interaction in judged(view, ctx):
        if activity.object != "Task" or kind_of(activity) != "call":
            continue
        ended = any(has_ended(call) for _, call in calls_of(view, interaction))
        if activity.is_closed or ended:
            yield activity, interaction


def calls_of(
    view: AccountView, interaction: Interaction
) -> list[tuple[RecordRef, Call]]:
    """Outreach calls of an interaction, by ref."""
    return [
        (ref, view.calls[ref.id]) for ref in interaction.refs if ref.object == "call"
    ]


def engagements_of(
    view: AccountView, interaction: Interaction
) -> list[tuple[RecordRef, Engagement]]:
    """Chorus engagements of an interaction, by ref."""
    return [
        (ref, view.engagements[ref.id])
        for ref in interaction.refs
        if ref.object == "engagement"
    ]

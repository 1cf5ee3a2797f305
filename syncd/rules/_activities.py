"""Which activities are judged, and how a change to one is written down."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from syncd.model.association import Association, Decision
from syncd.model.entities import Activity
from syncd.model.finding import Evidence, Expectation, Mode, ProposedChange
from syncd.model.interaction import Interaction
from syncd.model.rule import RuleContext
from syncd.model.view import AccountView
from syncd.rules._kit import in_segment, is_settling, window_start

ACCOUNT: Final = "001"
LEAD: Final = "00Q"
OPPORTUNITY: Final = "006"


def has_prefix(record_id: str | None, prefix: str) -> bool:
    """Whether an id is one of this Salesforce object's."""
    return record_id is not None and record_id.startswith(prefix)


def judged(
    view: AccountView, ctx: RuleContext
) -> Iterator[tuple[Activity, Interaction]]:
    """Activities of this home that rules may judge, by ref.

    Left out: archived ones, copies for invited users, patterns of series, private
    ones, and what lies before the judged window.
    """
    since = window_start(view, ctx)
    for ref, activity in view.activities.items():
        interaction = view.interaction_of.get(ref)
        if interaction is None or not _is_judged(activity):
            continue
        if interaction.starts_at < since:
            continue
        if in_segment(
            view,
            ctx,
            opportunity=view.opportunities.get(activity.what_id or ""),
            owner_id=activity.owner_id,
        ):
            yield activity, interaction


def _is_judged(activity: Activity) -> bool:
    return not (
        activity.is_archived
        or activity.is_child
        or activity.is_recurrence
        or activity.is_private
    )


def settles(view: AccountView, ctx: RuleContext, activity: Activity) -> bool:
    """Whether the tool that wrote this activity may still be at it."""
    return is_settling(view, ctx, activity.modified_at or activity.created_at)


def rewrites_a_series(view: AccountView, activity: Activity) -> bool:
    """Whether editing this occurrence would change a whole series.

    Source: Salesforce object reference, Event: editing one future occurrence of a
    Lightning series by API changes the series.
    """
    return (
        activity.object == "Event"
        and activity.recurrence_parent_id is not None
        and activity.starts_at is not None
        and activity.starts_at > view.now
    )


SERIES_REFUSAL: Final = "editing a future occurrence would change the whole series"


def by_tool(view: AccountView, activity: Activity) -> bool:
    """Whether integrations alone have written this activity so far."""
    tools = view.org.integration_user_ids
    return activity.created_by_id in tools and (
        activity.modified_by_id is None or activity.modified_by_id in tools
    )


def update(  # noqa: PLR0913 - the facts of one change
    view: AccountView,
    activity: Activity,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    mode: Mode,
    confidence: float,
    reason: str,
    evidence: tuple[Evidence, ...] = (),
    also: tuple[Expectation, ...] = (),
) -> ProposedChange:
    """An update of one activity, in canonical names."""
    return ProposedChange(
        target=activity.ref,
        operation="update",
        before=before,
        after=after,
        also=also,
        mode=mode,
        confidence=confidence,
        reason=reason,
        evidence=evidence,
        account_id=activity.account_id,
        version=view.version_of(activity.ref),
    )


def reason_of(view: AccountView, association: Association) -> str:
    """Why; and where a person is asked, what it hangs on."""
    if association.decision is Decision.APPLY:
        return association.reason
    flip = view.flips.get(association.interaction_key)
    return association.reason if flip is None else f"{association.reason}. {flip.says}"


def members(
    interaction: Interaction, activity: Activity, says: str
) -> tuple[Evidence, ...]:
    """The interaction's other records as evidence."""
    return tuple(
        Evidence(ref=ref, says=f"{says} ({why})")
        for ref, why in zip(interaction.refs, interaction.joined_by, strict=True)
        if ref != activity.ref
    )


def evidence_of(association: Association) -> tuple[Evidence, ...]:
    """What speaks for the best candidate, and what the others are."""
    found = []
    for place, candidate in enumerate(association.candidates):
        if candidate.vetoes:
            says = f"{candidate.name}: {', '.join(candidate.vetoes)}"
        else:
            because = "; ".join(f.says for f in candidate.features if f.weight > 0)
            says = f"{candidate.name} {candidate.probability:.1%}"
            says += f": {because}" if place == 0 else ""
        found.append(Evidence(ref=candidate.target, says=says))
    return tuple(found)

"""What waits for a person: how it gets there, and what becomes of their word."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from syncd.errors import Problem, UsageError
from syncd.model.finding import Mode
from syncd.model.outcome import ItemStatus, RunOutcome
from syncd.model.plan import Change, Plan, rejected_effect_of
from syncd.model.review import (
    LINK,
    Choice,
    Proposal,
    Verdict,
    accepted,
    rejections,
)
from syncd.model.tombstone import Tombstone, TombstoneKind
from syncd.model.view import OrgContext
from syncd.plan.names import names_for
from syncd.ports.reviews import Reviews

ACCEPTANCE: Final = "review"
"""The kind of a run that writes what a person accepted."""
_CAME_ABOUT: Final = frozenset({ItemStatus.DONE, ItemStatus.ALREADY})


def proposals_of(plan: Plan, homes: Mapping[str, str]) -> list[Proposal]:
    """Changes of a plan that a person has to accept; ``homes`` by finding."""
    findings = {finding.id: finding for finding in plan.findings}
    return [
        Proposal(
            home=homes[change.finding_ids[0]],
            proposed_at=plan.created_at,
            change=change,
            findings=tuple(findings[one] for one in change.finding_ids),
            names=names_for([change], plan.names),
        )
        for change in plan.changes
        if change.mode == Mode.REVIEW.value
    ]


def with_choices(
    org: OrgContext, *, reviews: Reviews, stones: Iterable[Tombstone]
) -> OrgContext:
    """The org with what people said that activities belong to, or do not."""
    said = [*reviews.choices(), *rejections(stones)]
    said.sort(key=_in_order)
    return replace(org, choices=tuple(said))


def _in_order(one: Choice) -> tuple[int, bool, datetime, str]:
    """The order in which words were spoken, as far as writes tell it.

    Whoever accepts something lets it be written, so of two words after the same write
    a no is the later one. Only then our clock decides: it may have been set back.
    """
    is_no = one.verdict is Verdict.REJECTED
    return one.after_write, is_no, one.made_at, one.id


def found_waiting(ids: Sequence[str], reviews: Reviews) -> list[Proposal]:
    """The proposals with these ids, in the order given.

    Raises:
        UsageError: One that does not wait.
    """
    waiting = reviews.of(ids)
    for one in ids:
        if one not in waiting:
            remedy = "list them: syncd review list"
            raise UsageError(
                Problem(where=one, what="does not wait for review", remedy=remedy)
            )
    return [waiting[one] for one in dict.fromkeys(ids)]


def split(
    proposals: Iterable[Proposal], plan: Plan
) -> tuple[list[Change], dict[str, str]]:
    """Changes that a plan made anew has still; of the others why it has not, by id."""
    planned = {change.id: change for change in plan.changes}
    told = {finding.id: finding for finding in plan.findings}
    still: list[Change] = []
    gone: dict[str, str] = {}
    for one in proposals:
        if one.id in planned:
            still.append(planned[one.id])
            continue
        now = [told[f.id] for f in one.findings if f.id in told]
        why_not = next((finding.why_not for finding in now if finding.why_not), "")
        if not now:
            gone[one.id] = "there is nothing left to mend"
        else:
            gone[one.id] = why_not or "what is proposed has changed: list it again"
    return still, gone


def remember_accepted(
    plan: Plan,
    run: RunOutcome,
    reviews: Reviews,
    *,
    now: datetime,
    after_write: int,
) -> None:
    """What a person let come about waits no longer, and is a precedent."""
    came_about = {item.change_id for item in run.items if item.status in _CAME_ABOUT}
    asked = run.kind == ACCEPTANCE
    done = [
        change
        for change in plan.changes
        if change.id in came_about and (asked or change.mode == Mode.REVIEW.value)
    ]
    if not done:
        return
    said = (accepted(change, at=now, after_write=after_write) for change in done)
    reviews.choose(choice for choice in said if choice is not None)
    reviews.withdraw([change.id for change in done])


def rejected(
    proposals: Iterable[Proposal],
    *,
    now: datetime,
    days: int,
    after_write: int,
    read_until: Mapping[str, datetime],
) -> list[Tombstone]:
    """A person's no: of an update with these values, of anything else as such.

    Args:
        proposals: What was rejected.
        now: Our clock.
        days: Until it may be proposed again; 0 = never.
        after_write: Sequence of the ledger's last write.
        read_until: Up to when each system was read, by its own clock.
    """
    return [
        Tombstone(
            effect=rejected_effect_of(one.change),
            kind=TombstoneKind.REJECTED,
            rule=one.change.rule,
            system=one.change.system,
            object=one.change.object,
            what=one.change.natural_key or one.change.record_id or "",
            fields=tuple(sorted(one.change.after)),
            says=f"a person rejected it on {now:%Y-%m-%d}",
            made_at=now,
            expires_at=now + timedelta(days=days) if days else None,
            value=str(one.change.after.get(LINK) or ""),
            after_write=after_write,
            read_until=read_until.get("salesforce"),
        )
        for one in proposals
    ]

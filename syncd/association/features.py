"""Evidence for and against one opportunity, each piece worth its log-odds."""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from syncd.association.field import Field
from syncd.association.ground import Deal, Stand
from syncd.association.history import refs_of
from syncd.association.scene import Scene, ref_of_user
from syncd.association.sheet import Sheet, add_said
from syncd.association.speech import add_notes, add_title
from syncd.model.association import Feature
from syncd.model.record import RecordRef

CREATED_SOON: Final = timedelta(days=14)
STALE_AFTER: Final = timedelta(days=30)
_NEAR_DAYS: Final = 45.0
_FAR_DAYS: Final = 120.0


def vetoes_of(scene: Scene, deal: Deal) -> tuple[str, ...]:
    """Why this opportunity cannot be it; empty when it can."""
    found = []
    one = deal.opportunity
    if deal.past.is_over_at(scene.at):
        found.append("it was closed before the interaction")
    if one.created_at is not None and one.created_at - scene.at > CREATED_SOON:
        found.append("it was created more than two weeks after the interaction")
    if one.is_private:
        found.append("it is private")
    account = one.account_id
    near = account in scene.accounts or account in scene.related
    if not near and deal.stands.keys().isdisjoint(scene.contacts):
        found.append("nobody who took part belongs to its account")
    for how, said in scene.said:
        if how == "own" and one.id in said.rejected:
            found.append("a person refused it for this interaction")
    return tuple(found)


def opportunity_features(
    scene: Scene, deal: Deal, field: Field, weights: Mapping[str, float]
) -> list[Feature]:
    """Everything that speaks for or against one opportunity."""
    sheet = Sheet(weights)
    _account(sheet, scene, deal, field)
    _owner(sheet, scene, deal, field)
    add_title(sheet, scene, deal, field)
    if scene.noted or scene.note_talk:
        add_notes(sheet, scene, deal, field)
    if scene.hints:
        _hints(sheet, scene, deal, field)
    if deal.is_later_than(scene.at):
        # What a series or people turned to later says nothing of before.
        _precedents(sheet, scene, deal, only="thread")
        sheet.add("created_after", "it was created soon after the interaction")
    else:
        _precedents(sheet, scene, deal)
        _people(sheet, scene, deal, field)
        _colleagues(sheet, deal, field)
        _timing(sheet, scene, deal, field)
    for how, said in scene.said:
        add_said(sheet, how, said, deal.opportunity.id)
    return sheet.found


def _account(sheet: Sheet, scene: Scene, deal: Deal, field: Field) -> None:
    account, refs = deal.opportunity.account_id, (deal.ref,)
    sheet.add("account", "a deal of the account of somebody who took part", 1.0, refs)
    if len(field.rivals) == 1 and account in scene.accounts:
        sheet.add("only_deal", "it is the only one that was open", 1.0, refs)
    if account not in scene.accounts:
        if account in scene.related:
            says = "it lies under the parent or a child of their account"
            sheet.add("related_account", says, 1.0, refs)
        else:
            says = "it is another account's, with a contact role"
            sheet.add("foreign_account", says, 1.0, refs)
    if scene.interaction.series_key:
        says = "it is one of a series, which need not be about a deal"
        sheet.add("standing", says, 1.0 - _shown_by_series(scene))
    _strangers(sheet, scene, deal)
    named = deal.account_words & scene.words if len(field.accounts) > 1 else ()
    if named:
        says = "the title names its account"
        sheet.add("account_named", says, 1.0, refs, tuple(sorted(named)))


def _shown_by_series(scene: Scene) -> float:
    """How surely people's links say that its series is about some deal."""
    some = scene.precedents.get("series")
    return sum([one.strength for one in some.people.values()]) if some else 0.0


def _strangers(sheet: Sheet, scene: Scene, deal: Deal) -> None:
    """People who do not, or not surely, belong to it."""
    people, account = scene.strong or scene.weak, deal.opportunity.account_id
    total = len(people) + len(scene.strangers_homes)
    others = unclear = 0
    for homes in scene.strangers_homes:
        others += account not in homes
    belongs_to = deal.stands.keys()
    for person, homes in zip(people, scene.homes, strict=True):
        surely = account in homes and len(homes) == 1
        if surely or not belongs_to.isdisjoint(person):
            continue
        if account not in homes:
            others += 1
        else:
            unclear += 1
    if others:
        says = f"{others} of {total} people belong to other accounts"
        sheet.add("other_people", says, others / total)
    if unclear:
        says = f"{unclear} of {total} people may be of several accounts"
        sheet.add("unclear_people", says, unclear / total)


def _people(sheet: Sheet, scene: Scene, deal: Deal, field: Field) -> None:
    """Whether those who took part come to meetings about it."""
    one = field.attendance.get(deal.opportunity.id)
    if one is None:
        return
    people = len(scene.strong)
    if one.by_roles:
        says = f"{len(one.roles)} of {people} people have a contact role on it"
        sheet.add("roles", says, one.by_roles, _refs(one.roles))
    if one.by_meetings:
        came = len(one.meetings)
        says = f"they came to {came} of {max(one.known, came)} other meetings about it"
        sheet.add("attendance", says, one.by_meetings, one.meetings)
    if primary := [stand for stand in one.roles if stand.is_primary]:
        sheet.add("primary", "one of them is its primary contact", 1.0, _refs(primary))


def _refs(stands: Sequence[Stand]) -> tuple[RecordRef, ...]:
    if len(stands) == 1:
        return (stands[0].ref,)
    return tuple(sorted({stand.ref for stand in stands}))


def _owner(sheet: Sheet, scene: Scene, deal: Deal, field: Field) -> None:
    if not scene.users:
        return
    owner = field.owners[deal.opportunity.id]
    if owner is None:
        later = deal.past.earliest_owner(scene.at)
        if later in scene.users:
            says = "an owner of a later day took part; who it was then is not known"
            sheet.add("later_owner", says, 1.0, (ref_of_user(later or ""),))
    elif owner == scene.interaction.host_user_id:
        refs = (ref_of_user(owner),)
        sheet.add("owner_hosts", "its owner held it", 1.0, refs)
    elif owner in scene.users:
        refs = (ref_of_user(owner),)
        sheet.add("owner_attends", "its owner took part", 1.0, refs)
    elif field.an_owner_was_there:
        says = "its owner did not take part, another deal's did"
        sheet.add("owner_absent", says)
    else:
        sheet.add("owner_absent_everywhere", "its owner did not take part")
    if scene.is_cared_for and owner != scene.interaction.host_user_id:
        sheet.add("care", "who held it cares for customers after the sale")


_HINTS: Final = (
    ("chorus", "chorus_hint", "Chorus names it"),
    ("outreach", "outreach_hint", "Outreach names it"),
)


def _hints(sheet: Sheet, scene: Scene, deal: Deal, field: Field) -> None:
    key = deal.opportunity.id
    own = [hint for hint in scene.hints if hint.opportunity_id == key]
    worth: dict[str, float] = {}
    for source, name, says in _HINTS if own else ():
        refs = tuple([hint.ref for hint in own if hint.source == source])
        if refs:
            worth[source] = max(0.0, scene.trust[source])
            sheet.add(name, says, worth[source], refs)
    if len(worth) > 1:
        says = "both may follow one rule"
        sheet.add("hints_alike", says, min(worth.values()))
    if worth and key == field.newest:
        sheet.add("hint_is_newest", "rules often name the newest", max(worth.values()))


_PRECEDENTS: Final = {
    "series": "other occurrences of the series are related to it",
    "thread": "interactions of the same subject are related to it",
    "habit": "the same people's other activities of those weeks are related to it",
}
_BY_TOOLS: Final = {
    name: (f"{name}_by_tools", f"{says}, by tools")
    for name, says in _PRECEDENTS.items()
}


def _precedents(sheet: Sheet, scene: Scene, deal: Deal, *, only: str = "") -> None:
    key = deal.opportunity.id
    for name, some in scene.precedents.items():
        if only and name != only:
            continue
        if one := some.people.get(key):
            sheet.add(name, _PRECEDENTS[name], one.strength, tuple(one.refs))
        if one := some.tools.get(key):
            by_tools, says = _BY_TOOLS[name]
            sheet.add(by_tools, says, one.strength, tuple(one.refs))


def _colleagues(sheet: Sheet, deal: Deal, field: Field) -> None:
    key = deal.opportunity.id
    if value := field.colleague_history.get(key, 0.0):
        often = "often" if value > 0 else "seldom or never"
        says = f"our people are {often} met about it"
        sheet.add("colleague_history", says, value, refs_of(field.colleagues, key))


def _timing(sheet: Sheet, scene: Scene, deal: Deal, field: Field) -> None:
    at = scene.at
    if deal.past.was_about_to_reopen(at):
        sheet.add("reopened", "it was closed then, and open again soon after")
    if field.newest == deal.opportunity.id:
        sheet.add("newest", "it was the newest open one")
    close_date = deal.past.close_date_at(at)
    if close_date is None:
        return
    past_due = (at.date() - close_date).days
    if past_due > STALE_AFTER.days:
        sheet.add("stale", "its close date had passed long before")
    else:
        near = math.exp(-abs(past_due) / _NEAR_DAYS)
        says = f"it was to close on {close_date.isoformat()}"
        sheet.add("close_is_near", says, near)
        if -past_due > _FAR_DAYS:
            sheet.add("far_off", says, (-past_due - _FAR_DAYS) / _FAR_DAYS)

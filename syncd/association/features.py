"""Evidence for and against one opportunity, each piece worth its log-odds."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from syncd.association.field import Field
from syncd.association.ground import Deal, Stand
from syncd.association.history import refs_of
from syncd.association.past import Phase
from syncd.association.scene import Scene, ref_of_user
from syncd.association.sheet import Sheet, add_said
from syncd.association.speech import add_notes, add_title
from syncd.model.association import Feature
from syncd.model.record import RecordRef

CREATED_SOON: Final = timedelta(days=14)
STALE_AFTER: Final = timedelta(days=30)
_FRESH: Final = timedelta(days=30)
_NEAR_DAYS: Final = 45.0
_FAR_DAYS: Final = 120.0


def vetoes_of(scene: Scene, deal: Deal) -> tuple[str, ...]:
    """Why this opportunity cannot be it; empty when it can."""
    found = []
    one = deal.opportunity
    if deal.past.phase_at(scene.at) is Phase.CLOSED:
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
    _roles(sheet, scene, deal, field)
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
        _history(sheet, deal, field)
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
    _strangers(sheet, scene, deal)
    named = deal.account_words & scene.words if len(field.accounts) > 1 else ()
    if named:
        says = "the title names its account"
        sheet.add("account_named", says, 1.0, refs, tuple(sorted(named)))


def _strangers(sheet: Sheet, scene: Scene, deal: Deal) -> None:
    """People who do not, or not surely, belong to it."""
    people, account = scene.strong or scene.weak, deal.opportunity.account_id
    others = unclear = 0
    held = deal.stands.keys()
    for person, homes in zip(people, scene.homes, strict=True):
        if not held.isdisjoint(person):
            continue
        if account not in homes:
            others += 1
        elif len(homes) > 1:
            unclear += 1
    if others:
        says = f"{others} of {len(people)} people belong to other accounts"
        sheet.add("other_people", says, others / len(people))
    if unclear:
        says = f"{unclear} of {len(people)} people may be of several accounts"
        sheet.add("unclear_people", says, unclear / len(people))


def _roles(sheet: Sheet, scene: Scene, deal: Deal, field: Field) -> None:
    if not deal.stands:
        return
    if field.by_roles == deal.opportunity.id:
        says = "all who took part had a role on it, and other deals' roles are others'"
        refs = tuple(s.ref for c in scene.contacts for s in deal.stands.get(c, ()))
        sheet.add("roles_single_out", says, 1.0, tuple(sorted(refs)))
    then, outreach, late = _held(scene, deal)
    total = len(scene.strong)
    if then:
        _had_roles(sheet, scene, then, total)
    if late:
        says = "somebody who took part has a contact role, by now at least"
        sheet.add("late_role", says, len(late) / total, _refs(late))
    if outreach:
        says = "the prospect of somebody who took part is on it in Outreach"
        sheet.add("outreach_role", says, len(outreach) / total, _refs(outreach))
    if not (then or late or outreach) and deal.had_any_role(scene.at):
        sheet.add("roles_elsewhere", "its contact roles were other people's")


def _held(scene: Scene, deal: Deal) -> tuple[list[Stand], list[Stand], list[Stand]]:
    """Each person's best stand: had then, had then in Outreach only, or had later."""
    then: list[Stand] = []
    outreach: list[Stand] = []
    late: list[Stand] = []
    for person in scene.strong:
        stand = _best_stand(deal, person, scene.at)
        if stand is None:
            continue
        if stand.since is None or stand.since > scene.at:
            late.append(stand)
        elif stand.only_in_outreach:
            outreach.append(stand)
        else:
            then.append(stand)
    return then, outreach, late


def _best_stand(deal: Deal, person: tuple[str, ...], at: datetime) -> Stand | None:
    held = [stand for contact in person for stand in deal.stands.get(contact, ())]
    if not held:
        return None
    if len(held) == 1:
        return held[0]
    return min(
        held,
        key=lambda s: (s.since is None or s.since > at, s.only_in_outreach, s.ref),
    )


def _refs(stands: Sequence[Stand]) -> tuple[RecordRef, ...]:
    refs = {stand.ref for stand in stands}
    return tuple(sorted(refs) if len(refs) > 1 else refs)


def _had_roles(sheet: Sheet, scene: Scene, then: Sequence[Stand], total: int) -> None:
    refs = _refs(then)
    sheet.add("role", "somebody who took part had a contact role", 1.0, refs)
    says = f"{len(then)} of {total} people had one"
    sheet.add("role_share", says, len(then) / total, refs)
    if len(then) > 1:
        sheet.add("more_roles", says, math.log2(len(then)), refs)
    newest = max([stand.since for stand in then if stand.since is not None])
    if scene.at - newest <= _FRESH:
        sheet.add("fresh_role", "a role was new", 1.0, refs)
    if [stand for stand in then if stand.is_primary]:
        sheet.add("primary", "one of them is its primary contact", 1.0, refs)


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
    "pair": "the host's other activities with the same people are related to it",
    "habit": "the same people's other activities of those weeks are related to it",
}
_MET_ABOUT: Final = {
    True: "are often met about it",
    False: "are seldom or never met about it",
}


def _precedents(sheet: Sheet, scene: Scene, deal: Deal, *, only: str = "") -> None:
    key = deal.opportunity.id
    for name, some in scene.precedents.items():
        if only and name != only:
            continue
        if one := some.people.get(key):
            sheet.add(name, _PRECEDENTS[name], one.strength, tuple(one.refs))
        if one := some.tools.get(key):
            by = f"{_PRECEDENTS[name]}, by tools"
            sheet.add(f"{name}_by_tools", by, one.strength, tuple(one.refs))


def _history(sheet: Sheet, deal: Deal, field: Field) -> None:
    key = deal.opportunity.id
    if value := field.people_history.get(key, 0.0):
        says = f"those who took part {_MET_ABOUT[value > 0]}"
        sheet.add("people_history", says, value, refs_of(field.met, key))
    if value := field.colleague_history.get(key, 0.0):
        says = f"our people {_MET_ABOUT[value > 0]}"
        sheet.add("colleague_history", says, value, refs_of(field.colleagues, key))


def _timing(sheet: Sheet, scene: Scene, deal: Deal, field: Field) -> None:
    at, created_at = scene.at, deal.opportunity.created_at
    if field.newest == deal.opportunity.id:
        sheet.add("newest", "it was the newest open one")
    if created_at is not None and at - created_at <= CREATED_SOON:
        sheet.add("just_created", "it had just been created")
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

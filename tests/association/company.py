"""Random accounts for what must hold of every association."""

import dataclasses
import random
from datetime import timedelta

import msgspec

from syncd.mapping.readers import read_note
from syncd.model import entities as e
from syncd.model.view import AccountView
from syncd.pipeline.judge import build_view
from tests.core.conftest import NOW, REP, TOOL, World

PEOPLE = ("ann", "bob", "cat")
TITLES = ("Call", "Falcon review", "Renewal talk", "Osprey", "Intro call", "Sync")
NOTES = (
    "",
    "They asked about Falcon",
    "Renewal terms, then Osprey",
    "Admin training went well",
)
NAMES = ("Acme Falcon", "Acme Osprey", "Acme Renewal 2026")
KINDS = ("New Business", "Add-On Business", "Renewal")


def random_world(seed: int) -> World:
    """An account with one to three deals and a dozen interactions."""
    dice = random.Random(seed)
    world = World(account=e.Account(id="001acme", name="Acme", website="acme.example"))
    for key in ("rep", "kim", "tool"):
        world.user(key)
    world.org["outreach_users"] = {
        "u-rep": e.OutreachUser(id="u-rep", email="rep@us.example")
    }
    for key in PEOPLE:
        world.contact(key)
        world.prospect(key)
    for number in range(dice.randint(1, 3)):
        _deal(world, dice, number)
    for number in range(12):
        _interaction(world, dice, number)
    return world


def _deal(world: World, dice: random.Random, number: int) -> None:
    made = NOW - timedelta(days=dice.randint(5, 150))
    key = f"d{number}"
    world.opportunity(
        key,
        name=NAMES[number],
        type=KINDS[number],
        owner_id=dice.choice((REP, "005kim")),
        created_at=made,
        modified_at=dice.choice((made, NOW)),
        close_date=(NOW + timedelta(days=dice.randint(-60, 120))).date(),
        is_closed=dice.random() < 0.15,
        stage_changed_at=NOW - timedelta(hours=2),
    )
    world.twin(key)
    for person in PEOPLE:
        if dice.random() < 0.4:
            since = made + timedelta(days=dice.randint(0, 60))
            world.role(key, person, created_at=since, is_primary=person == "ann")


def _interaction(world: World, dice: random.Random, number: int) -> None:
    start = NOW - timedelta(days=dice.randint(1, 60), hours=number)
    guests = tuple(dice.sample(PEOPLE, dice.randint(1, 2)))
    deals = [one.id for one in world.rows["opportunities"]]
    what = dice.choice((None, None, *deals))
    by = dice.choice((REP, TOOL))
    about = {"starts_at": start, "ends_at": start + timedelta(hours=1)}
    title = dice.choice(TITLES)
    world.event(
        f"e{number}",
        who_id=f"003{guests[0]}",
        subject=title,
        what_id=what,
        created_by_id=by,
        modified_by_id=by,
        **about,
    )
    host = dice.choice(("rep", "kim"))
    world.meeting(
        f"m{number}",
        guests=guests,
        calendar=f"{host}@us.example",
        organizer_email=f"{host}@us.example",
        title=title,
        **about,
    )
    if dice.random() < 0.4:
        world.engagement(
            f"E{number}",
            guests=guests,
            owner_email=f"{host}@us.example",
            opportunity_id=dice.choice((None, *deals)),
            ical_uid=f"m{number}@google.com",
            scheduled_starts_at=start,
            scheduled_ends_at=start + timedelta(hours=1),
            note=_note(dice),
        )


def _note(dice: random.Random) -> e.NoteDigest:
    kept = read_note([dice.choice(NOTES)]) or {}
    return msgspec.convert(kept, e.NoteDigest)


def view_of(world: World) -> AccountView:
    """The view, its associations worked out."""
    return build_view(
        world.records(), org=world.context(), policy=world.rules(), now=NOW
    )


def shuffled(view: AccountView, dice: random.Random, world: World) -> AccountView:
    """The same records in another order."""
    records = view.records
    changed = {}
    for field in dataclasses.fields(records):
        rows = getattr(records, field.name)
        if isinstance(rows, tuple) and len(rows) > 1:
            changed[field.name] = tuple(dice.sample(rows, len(rows)))
    records = dataclasses.replace(records, **changed)
    return build_view(records, org=world.context(), policy=world.rules(), now=NOW)


def related_to(view: AccountView, ids: frozenset[str], what: str, world: World):
    """The view as it would be if these activities were related to something else."""
    activities = tuple(
        msgspec.structs.replace(one, what_id=what) if one.id in ids else one
        for one in view.records.activities
    )
    records = dataclasses.replace(view.records, activities=activities)
    return build_view(records, org=world.context(), policy=world.rules(), now=NOW)

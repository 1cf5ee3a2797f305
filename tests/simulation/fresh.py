"""A second syncd with an empty store: what it sees that looks for the first time."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from syncd.config.load import load_config
from syncd.db.tables import RECORDS
from syncd.model.plan import Plan, effect_of
from syncd.service.jobs import ServiceJobs
from syncd.wiring import App, open_app
from tests.simulation.company import (
    SQLITE,
    Services,
    empty_store,
    new_folder,
    write_outreach_login,
)
from tests.simulation.copies import Original
from tests.simulation.history import OURS, History, Ref, sides
from tests.simulation.postgresql import name_store
from tests.simulation.wire import Wire


class Known(NamedTuple):
    """One record of a mirror; ``at`` is when it happened, where it did."""

    lives: bool
    at: datetime | None
    fields: dict[str, object]


Records = dict[tuple[str, str, str], Known]


def look(services: Services, folder: Path) -> tuple[Plan, Records]:
    """The plan and the records of a syncd that reads everything for the first time.

    It looks at a copy of the services: the first one's log-ins stay as they are.
    ``folder`` holds the configuration. Nothing is written: sessions refuse it.
    """
    own = new_folder("fresh")
    try:
        for one in folder.iterdir():
            if not one.name.startswith("syncd.db"):
                shutil.copy(one, own / one.name)
        name_store(own, SQLITE)
        (own / "syncd.db").write_bytes(empty_store())
        services = Original(services).copy()
        write_outreach_login(services, own)
        with open_app(load_config(own / "syncd.toml")) as app:
            Wire(services.recorders()).carry(app)
            jobs = ServiceJobs(app)
            for system in app.connectors:
                jobs.poll(system)
            return app.plan(), records(app)
    finally:
        shutil.rmtree(own)


def records(app: App) -> Records:
    """Every record of a mirror: whether it lives, and its fields."""
    columns = (
        RECORDS.c.system,
        RECORDS.c.object,
        RECORDS.c.id,
        RECORDS.c.deleted,
        RECORDS.c.happened_at,
        RECORDS.c.fields,
    )
    with app.store.engine.connect() as connection:
        return {
            (row.system, row.object, row.id): Known(
                lives=not row.deleted,
                at=row.happened_at,
                fields=msgspec.json.decode(row.fields),
            )
            for row in connection.execute(sa.select(*columns))
        }


def missed(mine: Records, fresh: Records, *, since: datetime) -> Iterator[str]:
    """Where a mirror that was kept up differs from one that was read anew.

    What happened before ``since`` is not read any more and may have been kept.
    """
    for ref, there in sorted(fresh.items()):
        here = mine.get(ref)
        if not there.lives:
            continue
        if here is None or not here.lives:
            yield f"missed: {' '.join(ref)}"
            continue
        names = {*there.fields, *here.fields}
        differ = sorted(n for n in names if here.fields.get(n) != there.fields.get(n))
        if differ and (ref[1], differ) != ("OpportunityContactRole", ["is_primary"]):
            yield f"out of date: {' '.join(ref)}: {', '.join(differ)}"
    for ref, here in sorted(mine.items()):
        is_old = here.at is not None and here.at < since
        if here.lives and not is_old and not (ref in fresh and fresh[ref].lives):
            yield f"not there any more: {' '.join(ref)}"


def unmended(fresh: Plan, plan: Plan, history: History) -> Iterator[str]:
    """What an empty store would mend and this one neither mends nor explains.

    A role that somebody took away stays away; only this one can know that. So does what
    would follow from it.
    """
    removed = {
        (touch.ref.object, sides(touch.ref, touch.old))
        for touch in history.touches
        if touch.is_delete and touch.who != OURS
    }
    planned = {effect_of(change) for change in plan.changes}
    told = {f.id for f in plan.findings if f.why_not or f.waiting or f.blocked_by}
    stays_away: set[str] = set()
    for change in fresh.changes:
        pair = sides(Ref(change.system, change.object, ""), change.after)
        if (change.object, pair) in removed or stays_away.intersection(
            change.depends_on
        ):
            stays_away.add(change.id)
        known = (
            effect_of(change) in planned
            or set(change.finding_ids) <= told
            or change.id in stays_away
        )
        if change.mode == "auto" and not known:
            yield f"lost: {change.rule} on {change.object} {change.record_id}"

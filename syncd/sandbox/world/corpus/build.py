"""A world: what happened to a company, and what everybody keeps of it."""

import csv
from datetime import datetime
from pathlib import Path
from random import Random
from typing import TextIO

from syncd.sandbox.world.corpus.by_deal import tell_by_deal
from syncd.sandbox.world.corpus.by_seller import tell_by_seller
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.log_activities import ActivityLog
from syncd.sandbox.world.corpus.log_calendar import CalendarLog
from syncd.sandbox.world.corpus.log_deals import DealLog
from syncd.sandbox.world.corpus.slices import slices_of
from syncd.sandbox.world.org import Company, Knobs, OrgBuilder


def generate_world(
    knobs: WorldKnobs, *, seed: int, accounts: int, now: datetime
) -> Company:
    """A company with a latent truth, as of ``now``; equal input, equal rows."""
    build = OrgBuilder(Random(f"world {seed}"), now, Knobs())  # noqa: S311 - no secret
    build.add_value_lists()
    tell = tell_by_seller if knobs.generator == "sellers" else tell_by_deal
    story = tell(build, knobs, accounts)
    deals = DealLog(build=build, knobs=knobs)
    for firm in story.firms:
        deals.write(firm)
    company = build.company
    activities = ActivityLog(
        build=build,
        knobs_of_most=knobs,
        habits=story.habits,
        calendar=CalendarLog(company=company, seed=seed),
        recorder=story.recorder,
    )
    for one in story.occasions:
        made = activities.write(one)
        slices = slices_of(one, knobs, is_twin=len(made) > 1)
        company.slices.update(dict.fromkeys(made, slices))
    return company


def write_labels(company: Company, path: Path) -> None:
    """The right opportunity or case of every activity, as ``evaluate`` reads it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        _write(company, file)


def _write(company: Company, file: TextIO) -> None:
    writer = csv.writer(file)
    writer.writerow(("activity_id", "opportunity_id"))
    for activity, target in company.truth.items():
        writer.writerow((activity, target or ""))

"""What there is to learn from: the evidence of labelled interactions, unweighted."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from benchmarks.association.load import LoadedWorld, at_present
from syncd import clock
from syncd.association.associate import refusal_of, weigh
from syncd.association.ground import lay_ground
from syncd.association.scene import set_scene
from syncd.association.weights import Weights, shipped
from syncd.config.load import load_config
from syncd.model.view import AccountView
from syncd.pipeline.judge import bare_view
from syncd.wiring import open_app


@dataclass(frozen=True, kw_only=True)
class Example:
    """One labelled interaction.

    Attributes:
        world: Whose it is.
        activities: The labelled activities in it.
        truth: The right target, "" when none fits.
        targets: Candidates that no veto rules out; empty where scoring refuses.
        evidence: Of each candidate, name to strength.
        held: Whether each may be proposed at most, for another reason than that it
            has been closed since.
        people: How many people outside are known.
    """

    world: str
    activities: tuple[str, ...]
    truth: str
    targets: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    evidence: tuple[dict[str, float], ...] = ()
    held: tuple[bool, ...] = ()
    people: int = 0


def unit_weights() -> Weights:
    """Every weight 1, so that what is noted is the evidence's strength."""
    known = shipped()
    flat = {
        name: msgspec.structs.replace(one, weight=1.0, sign="~")
        for name, one in known.evidence.items()
    }
    return msgspec.structs.replace(known, evidence=flat)


def examples(world: LoadedWorld, *, name: str) -> list[Example]:
    """Every interaction of a world that has a labelled activity."""
    labels = dict(_labels(world.labels))
    units = unit_weights()
    return [
        example
        for view in views(world)
        for example in _of_view(view, labels, units, name)
    ]


def views(world: LoadedWorld) -> Iterator[AccountView]:
    """Every view of a world, its interactions worked out and nothing more."""
    with at_present(), open_app(load_config(world.config)) as app:
        mirror, policy, now = app.store.mirror, app.policy, clock.now()
        org = mirror.org(policy)
        since = now - timedelta(days=policy.defaults.history_days)
        for batch in mirror.load(mirror.homes(), since=since):
            for records in batch:
                yield bare_view(records, org=org, policy=policy, now=now)


def _labels(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(newline="") as lines:
        for row in csv.DictReader(lines):
            yield row["activity_id"], row["opportunity_id"]


def _of_view(
    view: AccountView, labels: dict[str, str], units: Weights, name: str
) -> Iterator[Example]:
    ground = lay_ground(view)
    for interaction in view.interactions:
        known = tuple(
            ref.id
            for ref in interaction.refs
            if ref.system == "salesforce" and ref.id in labels
        )
        if not known:
            continue
        example = Example(world=name, activities=known, truth=labels[known[0]])
        if refusal_of(interaction):
            yield example
            continue
        scene = set_scene(ground, interaction)
        live, _ = weigh(ground, scene, units)
        yield Example(
            world=name,
            activities=known,
            truth=labels[known[0]],
            targets=tuple(one.candidate.target.id for one in live),
            accounts=tuple(one.candidate.account_id or "" for one in live),
            evidence=tuple(
                {f.name: f.weight for f in one.candidate.features} for one in live
            ),
            held=tuple(one.held_back not in {"", "it is closed today"} for one in live),
            people=len(scene.strong) + len(scene.weak),
        )

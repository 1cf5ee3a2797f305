"""One world measured: association, clustering, and how long an explanation takes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from time import process_time
from typing import Final

import msgspec

from benchmarks.association.ablation import activity_of, answers_without
from benchmarks.association.clustering import Pairwise, merges_across, pairwise
from benchmarks.association.load import LoadedWorld, at_present, load
from benchmarks.association.occasions import accounts_of_occasions
from syncd import clock
from syncd.app import App
from syncd.config.load import load_config
from syncd.evaluate.answers import Answer, Judged
from syncd.evaluate.baselines import BASELINES
from syncd.evaluate.evaluation import Evaluation, evaluate
from syncd.evaluate.labels import Label, read_labels
from syncd.model.view import AccountView
from syncd.pipeline.evaluate import EvaluationInputs, draws, judge_labels
from syncd.pipeline.explain import Explainer
from syncd.pipeline.judge import build_view
from syncd.sandbox.world.corpus.knobs import load_knobs
from syncd.wiring import open_app

_KIND: Final = re.compile(
    r"(ordinary|twice_as_dirty|hints_withheld|as_of|no_history|roles_\d+_missing)"
)
ABLATED: Final = "ordinary"
"""The kind of worlds on which evidence is left out."""
_EXPLAINED: Final = 25


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What came of one world.

    Attributes:
        kind: The first words of its name: what is hard about it.
        roles_missing: Share of the people who decide that have no contact role.
        judged: Its labelled activities, ids and blocks told apart from other worlds'.
        merges: Found interactions whose records' people share no account.
        without: By what evidence is left out, an answer for each of ``judged``; of
            worlds of ordinary dirt only.
        explain_s: Median seconds of processor time of ``explain``, without start-up.
    """

    world: str
    kind: str
    roles_missing: float
    judged: tuple[Judged, ...]
    evaluation: Evaluation
    clustering: Pairwise
    merges: int
    explain_s: float
    without: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)


def kind_of(world: str) -> str:
    """What is hard about a world, by its name.

    Raises:
        ValueError: It begins with no known kind.
    """
    found = _KIND.match(world)
    if found is None:
        message = f"{world} begins with no known kind of world"
        raise ValueError(message)
    return found.group(1)


def measure(settings: Path, *, seed: int, accounts: int) -> Measured:
    """Load a world, polling it unless it is kept, and measure everything."""
    world = load(settings, seed=seed, accounts=accounts)
    with at_present(), open_app(load_config(world.config), connect=False) as app:
        views = {view.records.home: view for view in _views(app)}
        judged = tuple(_judged(app, world, views, name=settings.stem))
        explain_s = _explain_s(app, judged)
        is_ordinary = kind_of(settings.stem) == ABLATED
        policy = app.policy.association
        without: dict[str, tuple[Answer, ...]] = {}
        if is_ordinary:
            without = answers_without(views.values(), judged, policy)
    found = {
        str(ref): interaction.key
        for view in views.values()
        for interaction in view.interactions
        for ref in interaction.refs
    }
    accounts_of = accounts_of_occasions(views.values(), world.same)
    return Measured(
        world=settings.stem,
        kind=kind_of(settings.stem),
        roles_missing=load_knobs(settings).roles_missing,
        judged=judged,
        evaluation=evaluate(judged, draws),
        clustering=pairwise(world.same, found),
        merges=len(merges_across(found, accounts_of)),
        explain_s=explain_s,
        without=without,
    )


def labels_of(world: LoadedWorld) -> list[Label]:
    """The world's labels, each with the world's own slices."""
    found = read_labels(world.labels.read_text("utf-8"), name=str(world.labels))
    none: frozenset[str] = frozenset()
    return [
        msgspec.structs.replace(one, slices=world.slices.get(one.activity.id, none))
        for one in found
    ]


def inputs_of(app: App) -> EvaluationInputs:
    """What labels are held against."""
    return EvaluationInputs(
        mirror=app.store.mirror,
        policy=app.policy,
        baselines=BASELINES,
        now=clock.now(),
    )


def _judged(
    app: App, world: LoadedWorld, views: Mapping[str, AccountView], *, name: str
) -> Iterator[Judged]:
    inputs = replace(inputs_of(app), view_of=lambda records, **_: views[records.home])
    for one in judge_labels(labels_of(world), inputs):
        yield msgspec.structs.replace(
            one, activity_id=f"{name} {one.activity_id}", block=f"{name} {one.block}"
        )


def _views(app: App) -> Iterator[AccountView]:
    inputs = inputs_of(app)
    org = app.store.mirror.org(app.policy)
    since = inputs.now.replace(year=2000)
    for batch in app.store.mirror.load(app.store.mirror.homes(), since=since):
        for records in batch:
            yield build_view(records, org=org, policy=app.policy, now=inputs.now)


def _explain_s(app: App, judged: tuple[Judged, ...]) -> float:
    """Median of some explanations; each does all that the command does once open."""
    step = max(1, len(judged) // _EXPLAINED)
    spent = []
    for one in judged[::step]:
        began = process_time()
        explainer = Explainer(
            looker=app.looker(), plans=app.store.plans, ledger=app.store.ledger
        )
        explainer.explain(activity_of(one))
        spent.append(process_time() - began)
    return median(spent)

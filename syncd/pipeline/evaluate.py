"""Holds the association against labelled activities; reads the mirror only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

import msgspec

from syncd.errors import Problem
from syncd.evaluate.answers import NO_ANSWER, Answer, Judged, Target, answer_of
from syncd.evaluate.baseline import Baseline
from syncd.evaluate.evaluation import Evaluation, evaluate
from syncd.evaluate.labels import Label, problem_of, refuse
from syncd.evaluate.sight import Lookout
from syncd.evaluate.slices import slices_of
from syncd.model.entities import Case, Opportunity
from syncd.model.interaction import Interaction
from syncd.model.policy import Policy
from syncd.model.record import RecordRef
from syncd.model.view import AccountView, HomeRecords, OrgContext
from syncd.pipeline.judge import build_view
from syncd.pipeline.poll import Progress
from syncd.ports.stores import Mirror

_EVER: Final = datetime.min.replace(tzinfo=UTC)
_RESAMPLES: Final = 1000
_SEED: Final = 20_261_123
_UNRELATED: Final = {"no_target"}


@dataclass(frozen=True, kw_only=True)
class EvaluationInputs:
    """Where labels are looked up and what they are held against.

    Attributes:
        name: What the labels file is called in problems.
        baselines: Other tools' rules, by name.
    """

    mirror: Mirror
    policy: Policy
    baselines: Mapping[str, Baseline]
    now: datetime
    name: str = "labels"
    progress: Progress = lambda *_: None


def evaluate_labels(labels: Sequence[Label], inputs: EvaluationInputs) -> Evaluation:
    """All figures.

    Raises:
        ConfigError: Every activity or target that the mirror does not hold.
    """
    judged = judge_labels(labels, inputs)

    def progress(done: int, total: int) -> None:
        inputs.progress("evaluate", "slices", done, total)

    return evaluate(judged, draws, progress=progress)


def draws(blocks: int) -> list[list[int]]:
    """A thousand resamples of so many blocks, the same ones every time."""
    random = Random(_SEED)  # noqa: S311 - a resample, not a secret
    return [random.choices(range(blocks), k=blocks) for _ in range(_RESAMPLES)]


def judge_labels(labels: Sequence[Label], inputs: EvaluationInputs) -> list[Judged]:
    """Every labelled activity with all answers, in the order of their homes.

    The relation that an activity has today is hidden: no feature reads it, and where
    nothing but that relation leads to a home the activity is judged without any.

    Raises:
        ConfigError: Every activity or target that the mirror does not hold.
    """
    homes, targets = _looked_up(labels, inputs)
    by_home: dict[str, list[Label]] = {}
    for label in labels:
        by_home.setdefault(homes[label.activity], []).append(label)
    unfiled = by_home.pop("", [])
    found = [_without_answer(label, targets, inputs.baselines) for label in unfiled]
    org = inputs.mirror.org(inputs.policy)
    wanted = sorted(by_home)
    done = 0
    for batch in inputs.mirror.load(wanted, since=_EVER):
        for records in batch:
            found += _of_home(records, by_home[records.home], org, targets, inputs)
            done += len(by_home[records.home])
            inputs.progress("evaluate", "activities", done, len(labels) - len(unfiled))
    return found


def _looked_up(
    labels: Sequence[Label], inputs: EvaluationInputs
) -> tuple[dict[RecordRef, str], dict[RecordRef, Target]]:
    """Home of each activity, and each target with its account.

    Raises:
        ConfigError: Everything that the mirror does not hold.
    """
    homes = inputs.mirror.homes_of([label.activity for label in labels])
    asked = {label.target for label in labels if label.target is not None}
    targets = {ref: found for ref in sorted(asked) if (found := _target(ref, inputs))}
    refuse(list(_unknown(labels, homes, targets, inputs.name)), name=inputs.name)
    return dict(homes), targets


def _target(ref: RecordRef, inputs: EvaluationInputs) -> Target | None:
    record = inputs.mirror.get(ref)
    if record is None or record.deleted:
        return None
    if ref.object == "Case":
        case = msgspec.json.decode(record.fields, type=Case)
        return Target(ref.id, case.account_id)
    deal = msgspec.json.decode(record.fields, type=Opportunity)
    return Target(ref.id, deal.account_id)


def _unknown(
    labels: Iterable[Label],
    homes: Mapping[RecordRef, str],
    targets: Mapping[RecordRef, Target],
    name: str,
) -> Iterator[Problem]:
    remedy = "run `syncd sync`; take the line out if it is deleted or too old"
    for label in labels:
        asked = [(label.activity, label.activity in homes)]
        if label.target is not None:
            asked.append((label.target, label.target in targets))
        for ref, known in asked:
            if not known:
                what = f"the mirror has no {ref.object} {ref.id}"
                yield problem_of(label, name=name, what=what, remedy=remedy)


def _of_home(
    records: HomeRecords,
    labels: Sequence[Label],
    org: OrgContext,
    targets: Mapping[RecordRef, Target],
    inputs: EvaluationInputs,
) -> Iterator[Judged]:
    view = build_view(records, org=org, policy=inputs.policy, now=inputs.now)
    lookout = Lookout(view)
    for label in labels:
        interaction = view.interaction_of.get(label.activity)
        if interaction is None or _is_here_by_its_relation(view, label.activity):
            yield _without_answer(label, targets, inputs.baselines)
            continue
        yield _judged(view, lookout, label, interaction, targets, inputs)


def _is_here_by_its_relation(view: AccountView, ref: RecordRef) -> bool:
    """Whether only what it is related to today leads to this home."""
    activity = view.activities[ref]
    return not (activity.who_id or activity.who_ids)


def _judged(
    view: AccountView,
    lookout: Lookout,
    label: Label,
    interaction: Interaction,
    targets: Mapping[RecordRef, Target],
    inputs: EvaluationInputs,
) -> Judged:
    truth = targets[label.target] if label.target else None
    association = view.associations.get(interaction.key)
    answer = answer_of(association, inputs.policy.association)
    sight = lookout.sight_of(interaction)
    return Judged(
        activity_id=label.activity.id,
        truth=truth,
        block=view.records.home,
        peoples_accounts=frozenset(sight.companies),
        slices=label.slices | slices_of(interaction, sight, truth, answer),
        answer=answer,
        baselines={name: one.answer(sight) for name, one in inputs.baselines.items()},
    )


def _without_answer(
    label: Label,
    targets: Mapping[RecordRef, Target],
    baselines: Mapping[str, Baseline],
) -> Judged:
    return Judged(
        activity_id=label.activity.id,
        truth=targets[label.target] if label.target else None,
        block=label.activity.id,
        peoples_accounts=frozenset(),
        slices=label.slices | (frozenset() if label.target else _UNRELATED),
        answer=NO_ANSWER,
        baselines=dict.fromkeys(baselines, Answer()),
    )

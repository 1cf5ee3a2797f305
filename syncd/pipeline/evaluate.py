"""Holds the association against labelled activities; reads the mirror only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from syncd.model.entities import Activity, Case, Opportunity
from syncd.model.interaction import Interaction
from syncd.model.policy import Policy
from syncd.model.record import RecordRef
from syncd.model.view import AccountView, HomeRecords, OrgContext
from syncd.pipeline.judge import build_view
from syncd.pipeline.poll import Progress
from syncd.ports.mirror import Mirror

_EVER: Final = datetime.min.replace(tzinfo=UTC)
_RESAMPLES: Final = 1000
_SEED: Final = 20_261_123
_UNRELATED: Final = frozenset({"no_target"})


@dataclass(frozen=True, kw_only=True)
class EvaluationInputs:
    """Where labels are looked up and what they are held against.

    Attributes:
        name: What the labels file is called in problems.
        baselines: Other tools' rules, by name.
        view_of: Works out interactions and associations of a home.
    """

    mirror: Mirror
    policy: Policy
    baselines: Mapping[str, Baseline]
    now: datetime
    name: str = "labels"
    progress: Progress = lambda *_: None
    view_of: Callable[..., AccountView] = build_view


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
    desk = _Desk(
        inputs=inputs,
        org=inputs.mirror.org(inputs.policy),
        targets=targets,
        given=frozenset(name for label in labels for name in label.slices),
    )
    found = [desk.without_answer(label) for label in by_home.pop("", [])]
    for batch in inputs.mirror.load(sorted(by_home), since=_EVER):
        for records in batch:
            found += desk.judged(records, by_home[records.home])
            inputs.progress("evaluate", "activities", len(found), len(labels))
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


@dataclass(frozen=True, kw_only=True)
class _Desk:
    """What judging labelled activities looks up.

    ``given`` are names of slices that the labels bring: they alone fill them.
    """

    inputs: EvaluationInputs
    org: OrgContext
    targets: Mapping[RecordRef, Target]
    given: frozenset[str]

    def judged(self, records: HomeRecords, labels: Sequence[Label]) -> Iterator[Judged]:
        """The labelled activities of one home."""
        inputs = self.inputs
        view = inputs.view_of(
            records, org=self.org, policy=inputs.policy, now=inputs.now
        )
        lookout = Lookout(view)
        for label in labels:
            interaction = view.interaction_of.get(label.activity)
            if interaction is None or _only_its_relation_places(view, label.activity):
                yield self.without_answer(label)
            else:
                yield self._judged(view, lookout, label, interaction)

    def without_answer(self, label: Label) -> Judged:
        """Nothing tells whose activity this is."""
        return Judged(
            activity_id=label.activity.id,
            truth=self._truth(label),
            block=label.activity.id,
            peoples_accounts=frozenset(),
            slices=self._slices(label, frozenset() if label.target else _UNRELATED),
            answer=NO_ANSWER,
            baselines=dict.fromkeys(self.inputs.baselines, Answer()),
        )

    def _judged(
        self,
        view: AccountView,
        lookout: Lookout,
        label: Label,
        interaction: Interaction,
    ) -> Judged:
        truth = self._truth(label)
        association = view.associations.get(interaction.key)
        answer = answer_of(association, self.inputs.policy.association)
        sight = lookout.sight_of(interaction)
        baselines = self.inputs.baselines
        return Judged(
            activity_id=label.activity.id,
            truth=truth,
            block=view.records.home,
            peoples_accounts=frozenset(sight.companies),
            slices=self._slices(label, slices_of(interaction, sight, truth, answer)),
            answer=answer,
            baselines={name: one.answer(sight) for name, one in baselines.items()},
        )

    def _truth(self, label: Label) -> Target | None:
        return self.targets[label.target] if label.target else None

    def _slices(self, label: Label, told: frozenset[str]) -> frozenset[str]:
        return label.slices | (told - self.given)


def _only_its_relation_places(view: AccountView, ref: RecordRef) -> bool:
    """Whether nothing but what it is related to today leads to this home.

    People lead here, and so does another system's record that it names, or that names
    it, and the meeting that its owner held at its start.
    """
    activity = view.activities[ref]
    if activity.who_id or activity.who_ids or _was_held(view, activity):
        return False
    named = {
        one.casefold() for one in (*activity.note.chorus_ids, activity.chorus_id or "")
    }
    others = view.interaction_of[ref].refs
    recorded = any(
        one.object == "engagement" and one.id.casefold() in named for one in others
    )
    logged = {i for one in view.records.calls for i in one.crm_ids}
    logged.update(i for one in view.records.mailings for i in one.crm_ids)
    return not recorded and ref.id not in logged


def _was_held(view: AccountView, activity: Activity) -> bool:
    """Whether it is one with something that its owner's calendar has at its start."""
    if activity.starts_at is None or activity.is_all_day:
        return False
    owner = view.org.users.get(activity.owner_id or "")
    ids = {ref.id for ref in view.interaction_of[activity.ref].refs}
    whose = owner.email.casefold() if owner else ""
    return any(
        one.id in ids
        and one.starts_at == activity.starts_at
        and one.calendar.casefold() == whose
        for one in view.records.meetings
    )

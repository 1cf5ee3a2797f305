"""Judging one home: who, what, which deal, and what breaks a practice. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from syncd.association.associate import associate
from syncd.association.flip import LazyFlips
from syncd.association.ground import lay_ground
from syncd.association.weights import Weights
from syncd.identity.directory import Directory
from syncd.interactions.build import build_interactions
from syncd.membership.sides import moved_bases
from syncd.model.finding import Finding, Mode, ProposedChange
from syncd.model.membership import Base
from syncd.model.policy import Policy
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView, HomeRecords, OrgContext


class RuleFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that broke on a home: nothing of it is planned, the others go on.

    ``error`` is the exception's type only; its text may hold personal content.
    """

    rule: str
    home: str
    error: str

    def __str__(self) -> str:
        return f"rule {self.rule} failed on {self.home}: {self.error}"


class SkippedRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that could not judge at all, and why."""

    rule: str
    reason: str


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one home; ``findings`` by rule, then subject, then id.

    ``bases`` are those that this look at both systems moves.
    """

    view: AccountView
    findings: tuple[Finding, ...]
    bases: tuple[Base, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    skipped: tuple[SkippedRule, ...] = ()


def judge(
    records: HomeRecords,
    *,
    org: OrgContext,
    policy: Policy,
    rules: Sequence[RuleSpec],
    now: datetime,
) -> Judged:
    """Work out what happened in one home and hold it against the practices.

    Equal input in any order gives equal findings. A rule's mode only ever lowers
    what a finding may do: ``review`` asks for every change, ``report`` drops them,
    ``off`` does not look.
    """
    view = build_view(records, org=org, policy=policy, now=now)
    findings: list[Finding] = []
    failures: list[RuleFailure] = []
    skipped: list[SkippedRule] = []
    for rule in sorted(rules, key=lambda r: r.id):
        settings = policy.rules.get(rule.id) or rule.settings()
        if settings.mode is Mode.OFF:
            continue
        reason = _cannot_judge(rule, org)
        if reason:
            skipped.append(SkippedRule(rule=rule.id, reason=reason))
            continue
        context = RuleContext(policy=policy, settings=settings)
        try:
            found = list(rule.check(view, context))
        except Exception as error:  # noqa: BLE001 - one rule's bug must not silence the others
            name = type(error).__name__
            failures.append(RuleFailure(rule=rule.id, home=records.home, error=name))
            continue
        findings += _lowered(found, settings.mode)
    ordered = sorted(findings, key=lambda f: (f.rule, f.subject, f.id))
    return Judged(
        view=view,
        findings=tuple(ordered),
        bases=tuple(moved_bases(view)),
        failures=tuple(failures),
        skipped=tuple(skipped),
    )


def build_view(
    records: HomeRecords,
    *,
    org: OrgContext,
    policy: Policy,
    now: datetime,
    weights: Weights | None = None,
) -> AccountView:
    """The account view: interactions and associations worked out.

    ``weights`` replaces those that syncd comes with, for figures about them.
    """
    bare = bare_view(records, org=org, policy=policy, now=now)
    ground = lay_ground(bare)
    associations = {
        interaction.key: associate(ground, interaction, policy.association, weights)
        for interaction in bare.interactions
    }
    flips = LazyFlips(
        ground=ground,
        policy=policy.association,
        associations=associations,
        weights=weights,
    )
    return replace(bare, associations=associations, flips=flips)


def bare_view(
    records: HomeRecords, *, org: OrgContext, policy: Policy, now: datetime
) -> AccountView:
    """The account view with interactions only."""
    directory = Directory(records=records, org=org)
    interactions = build_interactions(
        records,
        org=org,
        directory=directory,
        now=now,
        default_zone=policy.org.timezone,
    )
    return AccountView(now=now, org=org, records=records, interactions=interactions)


def _cannot_judge(rule: RuleSpec, org: OrgContext) -> str:
    """What a rule needs and this org lacks; an empty configuration says nothing."""
    absent = [s for s in rule.needs if org.configured and s not in org.configured]
    if absent:
        return f"{', '.join(absent)} is not configured"
    unmapped = [name for name in rule.fields if name in org.unmapped]
    return f"{', '.join(unmapped)} is not mapped" if unmapped else ""


def _lowered(findings: Iterable[Finding], mode: Mode) -> list[Finding]:
    if mode is Mode.AUTO:
        return list(findings)
    if mode is Mode.REPORT:
        return [
            msgspec.structs.replace(
                finding,
                changes=(),
                why_not=finding.why_not or "the policy only reports this rule",
            )
            if finding.changes
            else finding
            for finding in findings
        ]
    return [
        msgspec.structs.replace(
            finding, changes=tuple(_asked(change) for change in finding.changes)
        )
        for finding in findings
    ]


def _asked(change: ProposedChange) -> ProposedChange:
    return msgspec.structs.replace(change, mode=Mode.REVIEW)

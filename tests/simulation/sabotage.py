"""Ways to break syncd on purpose, each with the promise that then breaks.

A sabotage takes the place of one piece of the product and leaves the rest as it is. It
is given pytest's ``monkeypatch``, or anything else that can ``setattr`` by path.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from syncd import store, wiring
from syncd.app import App
from syncd.apply import effects, executor
from syncd.apply.recheck import Recheck
from syncd.db import vault
from syncd.db.engine import upsert
from syncd.db.tables import CURSORS
from syncd.ledger.store import SqlLedger
from syncd.membership import sides
from syncd.mirror.clerk import Clerk
from syncd.mirror.store import SqlMirror, _mark
from syncd.model.membership import Base
from syncd.model.tombstone import TombstoneKind
from syncd.pipeline import judge, undo
from syncd.plan import build, guards, reverts
from syncd.ports.connector import WriteStatus
from syncd.ports.ledger import IntentState


def forget_what_was_taken_back(patch):
    """No tombstones, and no looking at former writes."""
    patch.setattr(build, "held", lambda *_, **__: None)


def forget_what_was_undone(patch):
    """What an undo took back may be done again; what people took back may not."""
    holds, after = reverts._holds, reverts._after

    def of_people(stone, inputs, *, since):
        undone = stone.kind is TombstoneKind.UNDONE
        return not undone and holds(stone, inputs, since=since)

    def after_writes(change, done, inputs):
        return None if done[-1].takes_back else after(change, done, inputs)

    patch.setattr(reverts, "_holds", of_people)
    patch.setattr(reverts, "_after", after_writes)


def take_a_lost_answer_for_no_effect(patch):
    """A write without an answer counts as one that never arrived."""
    real = executor.Executor._write

    def write(self, connector, folds):
        answers = real(self, connector, folds)
        return {
            key: msgspec.structs.replace(one, status=WriteStatus.RETRY)
            if one.status is WriteStatus.AMBIGUOUS
            else one
            for key, one in answers.items()
        }

    patch.setattr(executor.Executor, "_write", write)


def never_find_an_effect(patch):
    """Whoever looks for the effect of a write whose answer was lost sees none."""

    def effects_seen(_, changes):
        return dict.fromkeys(change.key for change in changes)

    patch.setattr(effects, "effects_seen", effects_seen)
    patch.setattr(executor, "effects_seen", effects_seen)


def intend_after_sending(patch):
    """The intent is committed together with the outcome."""
    real_intend, real_settle = SqlLedger.intend, SqlLedger.settle
    waiting = {}

    def intend(self, changes, **said):
        waiting.update({change.key: (change, said) for change in changes})
        return [IntentState(key=change.key, state="new") for change in changes]

    def settle(self, outcomes, **said):
        for key, _, _ in outcomes:
            if key in waiting:
                change, intended = waiting.pop(key)
                real_intend(self, [change], **intended)
        real_settle(self, outcomes, **said)

    patch.setattr(SqlLedger, "intend", intend)
    patch.setattr(SqlLedger, "settle", settle)


def read_without_overlap(patch):
    """A poll goes on exactly where the last one ended."""
    from connectors.salesforce import passes

    patch.setattr(passes, "_OVERLAP", passes._OVERLAP * 0)


def ignore_the_stop_file(patch):
    """Nobody looks for it."""
    real = wiring.build_session

    def build_session(*args, **said):
        return real(*args, **{**said, "before_write": lambda: None})

    patch.setattr(App, "stopped", lambda _: False)
    patch.setattr(wiring, "build_session", build_session)


def take_our_echo_for_a_revert(patch):
    """What is planned on a record of before our write passes for somebody's edit."""
    patch.setattr(reverts, "_has_come_back", lambda *_: True)


def write_the_key_in_place(patch):
    """The key file is there before its content is."""

    def key_beside(path):
        if not path.exists():
            path.write_text(vault.Fernet.generate_key().decode(), encoding="ascii")
        return path.read_text(encoding="ascii").strip()

    patch.setattr(store, "key_beside", key_beside)


def look_at_nothing_again(patch):
    """Every change is sent as planned, whatever has moved since."""
    patch.setattr(Recheck, "moved", lambda *_: None)


def undo_whatever_stands_there(patch):
    """An undo takes every value for ours."""
    patch.setattr(undo, "same", lambda *_: True)


def commit_the_cursor_first(patch):
    """A page's cursor is kept before its records are."""
    real = SqlMirror.commit

    def commit(self, page, *, now):
        key = {name: getattr(page, name) for name in ("system", "object", "scope")}
        cursor = {**key, "cursor": json.dumps(page.cursor), "pass_id": 0}
        if page.cursor is not None:
            with self._write() as connection:
                upsert(connection, CURSORS, [cursor], update=["cursor"])
        return real(self, page, now=now)

    patch.setattr(SqlMirror, "commit", commit)


def file_after_the_commit(patch):
    """A page's records are kept with its cursor, and only then put into homes."""
    keep, file = SqlMirror.commit, Clerk.file
    waiting = []

    def commit(self, page, *, now):
        waiting.clear()
        kept = keep(self, page, now=now)
        with self._write() as connection:
            clerk = Clerk(connection, free_mail=self._free_mail)
            file(clerk, waiting)
            dirtied = _mark(connection, clerk.touched)
        return msgspec.structs.replace(kept, dirtied=kept.dirtied + dirtied)

    patch.setattr(Clerk, "file", lambda _, records: waiting.extend(records))
    patch.setattr(SqlMirror, "commit", commit)


def remove_on_half_a_reading(patch):
    """Whether a plan rests on complete polls does not matter to its removals."""
    patch.setattr(build, "_unsafe_deletes", lambda *_: {})
    patch.setattr(guards, "_unsafe_deletes", lambda *_: 0)


def agree_on_half_a_reading(patch):
    """What both sides agree on moves with every look, however little was read."""
    real = sides.moved_bases

    def moved_bases(view):
        org = replace(view.org, incomplete=frozenset())
        return real(replace(view, org=org))

    patch.setattr(judge, "moved_bases", moved_bases)


def agree_with_ourselves(patch):
    """Whom we are about to put on a deal in Outreach counts as seen there."""
    real = sides.moved_bases

    def moved_bases(view):
        bases = {one.opportunity_id: one for one in real(view)}
        for deal in view.records.opportunities:
            both = None if deal.is_closed else sides.membership(view, deal)
            if both is not None:
                base = bases.get(deal.id) or sides.moved(both.sides, both.base)
                here = dict.fromkeys(both.sides.salesforce, "made by us")
                outreach = {**here, **base.outreach}
                bases[deal.id] = msgspec.structs.replace(base, outreach=outreach)
        return bases.values()

    patch.setattr(judge, "moved_bases", moved_bases)


def forget_who_was_there(patch):
    """Nothing is remembered of what both sides agreed on."""

    def base(_view, opportunity, both, _placed):
        return Base(opportunity_id=opportunity.id, twin_id=both.twin_id)

    patch.setattr(sides, "_base", base)


class Sabotage(NamedTuple):
    """One of the above.

    Attributes:
        told: Words of the broken promise.
        seeds: Two that begin with the scene for it (``beginnings.py``); the first
            that notices ends the test, for a scene may lack what it needs.
    """

    breaks: Callable[[Any], None]
    told: str
    seeds: tuple[int, ...]

    @property
    def name(self) -> str:
        """What it does, in words with underscores."""
        return self.breaks.__name__


SABOTAGES = (
    Sabotage(look_at_nothing_again, "overwritten", (1, 31)),
    Sabotage(undo_whatever_stands_there, "undone over an edit", (5, 35)),
    Sabotage(forget_what_was_taken_back, "again after it was", (2, 32)),
    Sabotage(forget_what_was_undone, "done again after an undo", (35, 5)),
    Sabotage(take_a_lost_answer_for_no_effect, "although it took effect", (7, 37)),
    Sabotage(never_find_an_effect, "although it took effect", (7, 37)),
    Sabotage(intend_after_sending, "a write without an intent", (31, 1)),
    Sabotage(read_without_overlap, "missed", (9, 39)),
    Sabotage(commit_the_cursor_first, "out of date", (33, 3)),
    Sabotage(file_after_the_commit, "lost:", (21, 51)),
    Sabotage(ignore_the_stop_file, "a write under the stop file", (8, 38)),
    Sabotage(take_our_echo_for_a_revert, "nobody took it back", (45, 15)),
    Sabotage(remove_on_half_a_reading, "was incomplete", (13, 73)),
    Sabotage(agree_on_half_a_reading, "moved on half a reading", (19, 79)),
    Sabotage(agree_with_ourselves, "though nobody left", (45, 15)),
    Sabotage(forget_who_was_there, "put back", (11, 41)),
    Sabotage(write_the_key_in_place, "cannot go on", (29, 59)),
)

"""Ways to break syncd on purpose, each with the promise that then breaks.

A sabotage takes the place of one piece of the product and leaves the rest as it is. It
is given pytest's ``monkeypatch``, or anything else that can ``setattr`` by path.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from syncd import store, wiring
from syncd.app import App
from syncd.apply import effects, executor
from syncd.db import vault
from syncd.ledger.store import SqlLedger
from syncd.plan import build, reverts
from syncd.ports.connector import WriteStatus
from syncd.ports.stores import IntentState


def forget_what_was_taken_back(patch):
    """No tombstones, and no looking at former writes."""
    patch.setattr(build, "held", lambda *_, **__: None)


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
        return [
            IntentState(key=change.key, state="new", intended_at=said["now"])
            for change in changes
        ]

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


class Sabotage(NamedTuple):
    """One of the above.

    Attributes:
        told: Words of the broken promise.
        seeds: Some that notice it, the first that does ends the test; others may not
            get into the situation.
    """

    breaks: Callable[[Any], None]
    told: str
    seeds: tuple[int, ...]

    @property
    def name(self) -> str:
        """What it does, in words with underscores."""
        return self.breaks.__name__


SABOTAGES = (
    Sabotage(forget_what_was_taken_back, "done again", (37, 56, 32, 86)),
    Sabotage(
        take_a_lost_answer_for_no_effect, "although it took effect", (37, 67, 97, 127)
    ),
    Sabotage(never_find_an_effect, "although it took effect", (37, 67, 97, 127)),
    Sabotage(intend_after_sending, "a write without an intent", (31, 37, 2, 6)),
    Sabotage(read_without_overlap, "missed", (9, 39, 69, 99)),
    Sabotage(ignore_the_stop_file, "a write under the stop file", (38, 118, 58, 98)),
    Sabotage(take_our_echo_for_a_revert, "nobody took it back", (86, 2, 31, 37)),
    Sabotage(write_the_key_in_place, "cannot go on", (149, 417)),
)

"""Of what people say about one activity the last word counts, whatever clocks show."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.model.record import RecordRef
from syncd.model.review import Choice, Verdict
from syncd.model.tombstone import Tombstone, TombstoneKind
from syncd.model.view import OrgContext
from syncd.pipeline.review import with_choices

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
TASK = RecordRef("salesforce", "Task", "00T000000000001AAA")
DEAL = RecordRef("salesforce", "Opportunity", "006000000000001AAA")


class Accepted:
    """A store that remembers this one word."""

    def __init__(self, choice):
        self._choice = choice

    def choices(self):
        """What people accepted."""
        return [self._choice]


def yes(at, *, after_write):
    """Somebody accepts that the task belongs to the deal; it is written."""
    return Choice(
        activity=TASK,
        target=DEAL,
        verdict=Verdict.ACCEPTED,
        made_at=at,
        after_write=after_write,
    )


def no(at, *, after_write):
    """Somebody rejects that."""
    return Tombstone(
        effect="any",
        kind=TombstoneKind.REJECTED,
        rule="a-rule",
        system=TASK.system,
        object=TASK.object,
        what=TASK.id,
        fields=("WhatId",),
        says="a person rejected it",
        made_at=at,
        value=DEAL.id,
        after_write=after_write,
    )


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
@pytest.mark.parametrize(
    ("accepted_after", "rejected_after", "last"),
    [
        (5, 4, Verdict.ACCEPTED),
        (5, 5, Verdict.REJECTED),
        (5, 6, Verdict.REJECTED),
    ],
)
def test_the_last_word_is_told_by_the_order_of_writes(
    jump, accepted_after, rejected_after, last
):
    """Our clock jumped between the two words; what is accepted is written at once."""
    said = with_choices(
        OrgContext(),
        reviews=Accepted(yes(NOW, after_write=accepted_after)),
        stones=[no(NOW + jump, after_write=rejected_after)],
    )
    assert said.choices[-1].verdict is last

"""The three-way comparison, cell by cell."""

import pytest

from syncd.membership.compare import Primary, Sides, Standing, moved, primary, standing
from syncd.model.membership import Base

ANN, BOB = "003ann", "003bob"


def sides(*, here=False, there=False, **more):
    """Ann on either side."""
    return Sides(
        twin_id="o-deal",
        salesforce=frozenset({ANN} if here else ()),
        outreach={ANN: "p-ann"} if there else {},
        **more,
    )


def base(*, here=False, there=False, lead=None):
    """Ann as she was last seen on either side."""
    return Base(
        opportunity_id="006deal",
        twin_id="o-deal",
        salesforce=(ANN,) if here else (),
        outreach={ANN: "p-ann"} if there else {},
        primary=lead,
    )


# (seen here, seen there, is here, is there): standing, (then seen here, seen there)
CELLS = {
    (0, 0, 0, 0): ("absent", (0, 0)),
    (0, 0, 1, 0): ("added_in_salesforce", (1, 0)),
    (0, 0, 0, 1): ("added_in_outreach", (0, 1)),
    (0, 0, 1, 1): ("agreed", (1, 1)),
    (1, 1, 0, 0): ("absent", (0, 0)),
    (1, 1, 1, 0): ("removed_in_outreach", (1, 1)),
    (1, 1, 0, 1): ("removed_in_salesforce", (1, 1)),
    (1, 1, 1, 1): ("agreed", (1, 1)),
    (1, 0, 0, 0): ("absent", (0, 0)),
    (1, 0, 1, 0): ("added_in_salesforce", (1, 0)),
    (1, 0, 0, 1): ("removed_in_salesforce", (1, 1)),
    (1, 0, 1, 1): ("agreed", (1, 1)),
    (0, 1, 0, 0): ("absent", (0, 0)),
    (0, 1, 1, 0): ("removed_in_outreach", (1, 1)),
    (0, 1, 0, 1): ("added_in_outreach", (0, 1)),
    (0, 1, 1, 1): ("agreed", (1, 1)),
}


@pytest.mark.parametrize("cell", list(CELLS))
def test_every_cell_of_a_contact(cell):
    """What was seen and what is there give the standing and the next base."""
    seen_here, seen_there, here, there = map(bool, cell)
    was = base(here=seen_here, there=seen_there)
    now = sides(here=here, there=there)
    wanted, (then_here, then_there) = CELLS[cell]
    assert standing(now, was, ANN) == wanted
    becomes = moved(now, was)
    assert becomes.salesforce == ((ANN,) if then_here else ())
    assert becomes.outreach == ({ANN: "p-ann"} if then_there else {})


@pytest.mark.parametrize("cell", list(CELLS))
@pytest.mark.parametrize(
    "doubt", [{"doubtful": frozenset({ANN})}, {"strangers": frozenset({"p-ann"})}]
)
def test_who_may_be_there_is_neither_new_nor_gone(cell, doubt):
    """With doubt in Outreach the base keeps what it had, and nothing is concluded."""
    seen_here, seen_there, here, there = map(bool, cell)
    was = base(here=seen_here, there=seen_there)
    now = sides(here=here, there=there, **doubt)
    known_as = "doubtful" in doubt or seen_there
    if there or not known_as:
        assert standing(now, was, ANN) == CELLS[cell][0]
        return
    assert standing(now, was, ANN) is Standing.UNCLEAR
    assert moved(now, was).outreach == was.outreach
    assert moved(now, was).salesforce == ((ANN,) if seen_here or here else ())


@pytest.mark.parametrize(
    ("was", "ours", "theirs", "wanted"),
    [
        (None, "", "", Primary.AGREED),
        (None, ANN, ANN, Primary.AGREED),
        (None, ANN, "", Primary.NEVER_AGREED),
        (None, "", ANN, Primary.NEVER_AGREED),
        (None, ANN, BOB, Primary.NEVER_AGREED),
        ("", "", "", Primary.AGREED),
        ("", ANN, ANN, Primary.AGREED),
        ("", ANN, "", Primary.MOVED_IN_SALESFORCE),
        ("", "", ANN, Primary.MOVED_IN_OUTREACH),
        ("", ANN, BOB, Primary.MOVED_APART),
        (ANN, "", "", Primary.AGREED),
        (ANN, ANN, ANN, Primary.AGREED),
        (ANN, BOB, BOB, Primary.AGREED),
        (ANN, "", ANN, Primary.MOVED_IN_SALESFORCE),
        (ANN, BOB, ANN, Primary.MOVED_IN_SALESFORCE),
        (ANN, ANN, "", Primary.MOVED_IN_OUTREACH),
        (ANN, ANN, BOB, Primary.MOVED_IN_OUTREACH),
        (ANN, ANN, "prospect p-9", Primary.MOVED_IN_OUTREACH),
        (ANN, "", BOB, Primary.MOVED_APART),
        (ANN, BOB, "", Primary.MOVED_APART),
        (ANN, BOB, "003cyd", Primary.MOVED_APART),
        (ANN, None, ANN, Primary.UNCLEAR),
        (ANN, ANN, None, Primary.UNCLEAR),
        (ANN, None, None, Primary.UNCLEAR),
    ],
)
def test_every_cell_of_the_primary_contact(was, ours, theirs, wanted):
    """The base moves to what both sides say, and else stays."""
    now = sides(here=True, there=True, salesforce_primary=ours, outreach_primary=theirs)
    before = base(here=True, there=True, lead=was)
    assert primary(now, before) is wanted
    assert moved(now, before).primary == (ours if wanted is Primary.AGREED else was)


@pytest.mark.parametrize("cell", list(CELLS))
def test_a_second_look_at_the_same_changes_nothing(cell):
    """The base is settled after one look, so equal state gives equal plans."""
    seen_here, seen_there, here, there = map(bool, cell)
    now = sides(here=here, there=there)
    once = moved(now, base(here=seen_here, there=seen_there))
    assert moved(now, once) == once
    assert standing(now, once, ANN) == CELLS[cell][0]

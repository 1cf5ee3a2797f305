"""Random edits on both sides: both end as a plain three-way merge says."""

import random

import pytest

from tests.membership.company import PEOPLE, Company
from tests.membership.oracle import Oracle

SCRIPTS = 5_000
_SEEDS = 20
Edit = tuple[str, str, str]  # side, what, person


def _edits(rng: random.Random, company: Company) -> list[Edit]:
    """Some edits that a person or a tool could make on what is there now."""
    found: list[Edit] = []
    tables = {
        "salesforce": dict(company.salesforce),
        "outreach": dict(company.outreach),
    }
    for _ in range(rng.randrange(4)):
        side = rng.choice(("salesforce", "outreach"))
        table, person = tables[side], rng.choice(PEOPLE)
        if person not in table:
            what = "add"
            table[person] = False
        else:
            what = rng.choice(("remove", "lead", "resign"))
            if what == "remove":
                del table[person]
        found.append((side, what, person))
    return found


def _edit_tables(company: Company, edit: Edit) -> None:
    side, what, person = edit
    table = company.salesforce if side == "salesforce" else company.outreach
    if what == "add":
        table[person] = False
    elif what == "remove":
        del table[person]
    elif what == "lead":
        table.update(dict.fromkeys(table, False))
        table[person] = True
    else:
        table[person] = False


def _edit_oracle(oracle: Oracle, edit: Edit) -> None:
    name, what, person = edit
    side = oracle.salesforce if name == "salesforce" else oracle.outreach
    if what == "add":
        side.add(person)
    elif what == "remove":
        side.remove(person)
    elif what == "lead":
        side.primary = person
    elif side.primary == person:
        side.primary = ""


def _state(company: Company) -> tuple[object, ...]:
    return company.salesforce, company.outreach


def _expected(oracle: Oracle) -> tuple[object, ...]:
    return tuple(
        {person: person == side.primary for person in side.people}
        for side in (oracle.salesforce, oracle.outreach)
    )


def _run(seed: int) -> None:
    """One script: edits and passes in turn, then passes until nothing is left."""
    rng = random.Random(seed)
    company, oracle = Company(), Oracle()
    script: list[object] = []
    for _ in range(rng.randrange(2, 7)):
        edits = _edits(rng, company)
        for edit in edits:
            _edit_tables(company, edit)
            _edit_oracle(oracle, edit)
        accepting = rng.random() < 0.6
        script += [*edits, f"pass, accepting={accepting}"]
        company.reconcile(accepting=accepting)
        oracle.reconcile(accepting=accepting)
        assert _state(company) == _expected(oracle), (seed, script)
    for _ in range(3):
        company.reconcile(accepting=True)
        oracle.reconcile(accepting=True)
    assert company.salesforce == company.outreach, (seed, script)
    assert _state(company) == _expected(oracle), (seed, script)
    assert company.look().findings == (), (seed, script)


@pytest.mark.parametrize("part", range(_SEEDS))
def test_both_sides_end_as_the_oracle_says(part: int) -> None:
    """Automatic changes applied, proposals accepted: equal sides, empty next plan."""
    for seed in range(part, SCRIPTS, _SEEDS):
        _run(seed)

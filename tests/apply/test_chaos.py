"""Many changes while processes die and a third of the answers are lost."""

import os
import random
from collections import Counter

import pytest

FATES = (
    *("lost after",) * 5,
    *("crash before", "crash after") * 2,
    *("lost before", "retry"),
)
COUNT = int(os.environ.get("SYNCD_CHAOS_CHANGES", "600"))


def a_wild_connector(stage, dice):
    """Of three calls one is answered; the others meet one of the fates."""
    connector = stage.Connector(stage.world)
    real = connector.write

    def write(writes):
        stage.later(seconds=1)
        connector.script = [dice.choice(FATES) if dice.random() < 2 / 3 else "done"]
        return real(writes)

    connector.write = write
    return connector


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_doubled_or_lost_in_chaos(staged, store, seed):
    """Restarted until all is done: each record written once, each role made once."""
    dice = random.Random(seed)
    stage = staged(store.ledger, tasks=COUNT // 2)
    changes = [
        stage.update(n, world=stage.world, guarded=n % 50 == 0)
        for n in range(COUNT // 2)
    ]
    for n in range(COUNT // 2):
        after = {"OpportunityId": f"006{n:012d}AAA", "ContactId": "003"}
        key = f"OpportunityContactRole|{after['OpportunityId']}|003"
        changes.append(stage.create(f"c{n}", after=after, natural_key=key))
    left, crashes, rounds = changes, 0, 0
    while left:
        rounds += 1
        assert rounds < 500
        stage.later(minutes=dice.choice((0, 1, 11)))
        executor = stage.executor(connector=a_wild_connector(stage, dice), canary=10)
        try:
            items = executor.run(left)
        except stage.Crash:
            crashes += 1
            continue
        happened = {i.change_id for i in items if i.status in {"done", "already"}}
        left = [change for change in left if change.id not in happened]
    stage.later(minutes=11)
    assert stage.run([]) == []
    assert store.ledger.open_intents() == []
    assert crashes
    updates = Counter(ref for op, ref, _ in stage.world.log if op == "update")
    assert set(updates.values()) == {1}
    assert len(updates) == COUNT // 2
    assert set(Counter(stage.world.ever_made).values()) == {1}
    assert len(stage.world.ever_made) == COUNT // 2

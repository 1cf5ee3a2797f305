"""Copied texts are kept until applied plus thirty days; then hash and length stay."""

from datetime import timedelta

import msgspec
import pytest

from syncd.model.compare import same
from syncd.model.outcome import ItemOutcome, ItemStatus
from syncd.model.plan import SCHEMA, Change, Expects, Plan
from syncd.model.texts import forgotten

NOTE = "They asked for a quote.\r\nI promised one."


def copying(key="k1", **options):
    """A note that goes from a call to its task; the subject is no copied text."""
    given = {
        "id": f"chg_{key}",
        "key": key,
        "rule": "call-notes",
        "mode": "auto",
        "system": "salesforce",
        "operation": "update",
        "object": "Task",
        "record_id": f"00T{key}",
        "before": {"Description": None, "Subject": "Call"},
        "after": {"Description": NOTE, "Subject": "Initial call"},
        "expects": Expects(version="v1"),
        "depends_on": (),
        "confidence": 1.0,
        "reason": "the call has it",
        "evidence": (),
        "texts": ("Description",),
    }
    return Change(**{**given, **options})


def saved(store, change, now, *, plan_id="pln_1"):
    """A saved plan with this change."""
    plan = Plan(
        schema=SCHEMA,
        plan_id=plan_id,
        digest="sha256:0",
        created_at=now,
        scope={},
        policy_digest="",
        orgs={},
        connectors={},
        cost={},
        findings=(),
        changes=(change,),
        guards=(),
    )
    store.plans.save(plan)


def applied(store, change, now, *, state="done", plan_id="pln_1"):
    """A write of it in the ledger."""
    store.ledger.intend(
        [change],
        run_id="run_1",
        plan_id=plan_id,
        now=now,
        before={change.key: {"Description": "An older note", "Subject": "Call"}},
    )
    item = ItemOutcome(change_id=change.id, status=ItemStatus.DONE)
    store.ledger.settle([(change.key, state, item)], now=now)


def everything(store):
    """The store's tables of plans and writes as one text."""
    from syncd.db.tables import LEDGER, PLANS

    with store.engine.connect() as connection:
        rows = [*connection.execute(LEDGER.select())]
        rows += [*connection.execute(PLANS.select())]
    return str([tuple(row) for row in rows])


def test_a_text_is_forgotten_thirty_days_after_it_was_applied(store, now):
    """In ledger, before-image and plan; what is no copied text stays."""
    change = copying()
    saved(store, change, now)
    applied(store, change, now)
    assert store.retention.forget_texts(now=now + timedelta(days=29)) == 0
    assert "promised" in everything(store)
    assert store.retention.forget_texts(now=now + timedelta(days=31)) == 2
    left = everything(store)
    assert "promised" not in left
    assert "older note" not in left
    [entry] = store.ledger.entries("run_1")
    assert entry.change.after == {
        "Description": forgotten(NOTE),
        "Subject": "Initial call",
    }
    assert entry.change.after["Description"]["text_length"] == len(NOTE) - 1
    assert entry.before["Subject"] == "Call"
    plan = store.plans.load("pln_1")
    assert plan.changes[0].after == entry.change.after
    assert store.retention.forget_texts(now=now + timedelta(days=33)) == 0


def test_it_looks_once_a_day(store, now):
    """Looking through every plan is not free."""
    due = now + timedelta(days=31)
    assert store.retention.forget_texts(now=due) == 0
    applied(store, copying(), now)
    assert store.retention.forget_texts(now=due + timedelta(hours=23)) == 0
    assert store.retention.forget_texts(now=due + timedelta(hours=25)) == 1


@pytest.mark.parametrize("state", ["open", "done"])
def test_a_plan_keeps_its_text_while_a_write_of_it_needs_it(store, now, state):
    """An open write is looked for by its text; a late apply counts from its own day."""
    change = copying()
    saved(store, change, now)
    applied(store, change, now + timedelta(days=20), state=state)
    store.retention.forget_texts(now=now + timedelta(days=31))
    assert everything(store).count("promised") == 2


def test_a_plan_that_nobody_applied_forgets_too(store, now):
    """Thirty days after it was made it could not be applied anyway."""
    saved(store, copying(), now)
    assert store.retention.forget_texts(now=now + timedelta(days=31)) == 1
    assert "promised" not in everything(store)


def test_a_forgotten_text_is_still_recognised():
    """Blanks and newlines that vendors change make no other text."""
    kept = msgspec.json.decode(msgspec.json.encode(forgotten(NOTE)))
    assert same(kept, NOTE.replace("\r\n", "\n") + "  ")
    assert not same(kept, "Something else")
    assert not same(kept, None)
    assert same(kept, forgotten(NOTE))


@pytest.mark.parametrize("state", ["open", "done"])
def test_an_old_plan_is_dropped_once_no_write_of_it_is_open(store, now, state):
    """The newest stays however old it is; what was written stays in the ledger."""
    change = copying()
    saved(store, change, now)
    applied(store, change, now, state=state)
    saved(store, copying("k2"), now + timedelta(days=1), plan_id="pln_2")
    saved(store, copying("k3"), now + timedelta(days=2), plan_id="pln_3")
    assert store.retention.drop_plans(before=now) == 0
    dropped = store.retention.drop_plans(before=now + timedelta(days=99))
    kept = {plan.plan_id for plan in store.plans.latest()}
    assert kept == {"pln_3"} | ({"pln_1"} if state == "open" else set())
    assert dropped == 3 - len(kept)
    assert store.ledger.entry_of(change.id).state == state


@pytest.mark.parametrize(
    ("store_keys", "limit_keys", "days", "kept"),
    [
        ("", "", 29, True),
        ("", "", 31, False),
        ("plans_kept_days = 2", "", 3, False),
        ("plans_kept_days = 2", "plan_max_age_hours = 96", 3, True),
        ("plans_kept_days = 0", "", 5_000, True),
    ],
)
def test_saved_plans_are_kept_for_as_long_as_configured(
    tmp_path, monkeypatch, now, store_keys, limit_keys, days, kept
):
    """By default thirty days, never less than they can be applied, 0 = for good."""
    from syncd import clock
    from syncd.config.load import load_config
    from syncd.wiring import open_app

    path = tmp_path / "syncd.toml"
    path.write_text(f"[store]\n{store_keys}\n[limits]\n{limit_keys}\n")
    with open_app(load_config(path)) as app:
        saved(app.store, copying(), now)
        later = now + timedelta(days=days)
        saved(app.store, copying("k2"), later, plan_id="pln_2")
        monkeypatch.setattr(clock, "now", lambda: later)
        assert app.prune()["plans"] == (not kept)
        assert (app.store.plans.load("pln_1") is not None) == kept

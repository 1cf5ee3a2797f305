"""Judging: deterministic, contained, and the same for any order of records."""

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.model.finding import Mode, Severity
from syncd.model.rule import RuleSpec
from syncd.model.view import HomeRecords
from syncd.pipeline.judge import judge
from syncd.plugins import rules


def busy(world):
    """A home with something for every rule."""
    world.user("kim")
    for key in ("ann", "bob"):
        world.contact(key)
        world.prospect(key)
    world.contact("pat", account_id="001else", guest=True)
    world.opportunity()
    world.opportunity("two", type="Renewal", owner_id="005kim")
    world.role("deal", "bob")
    world.role("two", "pat")
    world.twin()
    world.prospect_role("deal", "ann")
    world.case("00012345", contact_id="003bob")
    world.meeting("m", guests=("ann", "bob"))
    world.meeting("m", calendar="kim@us.example", guests=("ann", "bob"))
    world.engagement(guests=("ann", "bob"))
    world.call(crm_ids=("00Tc",))
    world.mailing(crm_ids=("00Tm",))
    world.task("c", who_id="003ann", subject="check in call", what_id="006deal")
    world.task("m", subtype="Email", who_id="003ann", is_closed=False, status="Open")
    world.task("n", who_id="003bob", subject="Case 00012345")
    world.event("e", chorus_id="E", owner_id="005tool")
    return world


def findings_of(world, records):
    """Findings as bytes."""
    judged = judge(
        records,
        org=world.context(),
        policy=world.rules(),
        rules=tuple(rules().values()),
        now=world.now,
    )
    assert judged.failures == ()
    return msgspec.json.encode(judged.findings, order="deterministic")


def shuffled(records, rng):
    """The same records in another order, guests too."""
    if records is None:
        return None
    fields = {}
    for name in HomeRecords.__dataclass_fields__:
        value = getattr(records, name)
        if isinstance(value, tuple):
            value = tuple(rng.sample(value, len(value)))
        fields[name] = shuffled(value, rng) if name == "guests" else value
    return HomeRecords(**fields)


def test_any_order_of_records_gives_the_same_findings(world):
    """Equal input, equal bytes, whatever the store's order was."""
    records = busy(world).records()
    expected = findings_of(world, records)
    assert len(expected) > 1_000

    @settings(max_examples=25, deadline=None)
    @given(st.randoms(use_true_random=False))
    def check(rng: random.Random) -> None:
        assert findings_of(world, shuffled(records, rng)) == expected

    check()


def test_findings_have_unique_stable_ids(world):
    """An id never depends on the home it was found in."""
    busy(world)
    found = world.findings()
    assert len({f.id for f in found}) == len(found)
    records = world.records()
    moved = HomeRecords(**{**vars(records), "home": "elsewhere"})
    assert findings_of(world, moved) == findings_of(world, records)


def test_every_change_is_explained(world):
    """No change without reason and rule, no finding without change or why not."""
    for finding in busy(world).findings():
        assert finding.changes or finding.why_not, finding
        for change in finding.changes:
            assert change.reason
            assert 0 < change.confidence <= 1
            assert change.mode in {Mode.AUTO, Mode.REVIEW}
            assert bool(change.natural_key) is (change.operation == "create")


def test_one_rules_bug_does_not_silence_the_others(world):
    """The failure names rule and home; what others found remains."""

    def broken(view, context):
        message = "secret text"
        raise ValueError(message)
        yield

    bug = RuleSpec(
        id="a-bug",
        title="A bug",
        practices=(),
        severity=Severity.INFO,
        needs=(),
        check=broken,
    )
    judged = judge(
        busy(world).records(),
        org=world.context(),
        policy=world.rules(),
        rules=[bug, *rules().values()],
        now=world.now,
    )
    assert [str(f) for f in judged.failures] == [
        "rule a-bug failed on 001acme: ValueError"
    ]
    assert judged.findings == world.findings()


def test_a_rule_whose_system_is_off_is_skipped(world):
    """What needs Outreach says so and finds nothing."""
    world.org["configured"] = frozenset({"salesforce"})
    judged = busy(world).judge()
    assert {s.rule for s in judged.skipped} == {
        "contact-on-outreach-opportunity",
        "prospect-on-salesforce-opportunity",
    }
    assert all("outreach is not configured" in s.reason for s in judged.skipped)


def test_twelve_rules_are_found():
    """Each by its file's name."""
    assert len(rules()) >= 12

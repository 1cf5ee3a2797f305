"""What holds of clustering and identity whatever the records are."""

import dataclasses
import random
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.identity.directory import Directory
from syncd.identity.resolve import Clue, resolve
from syncd.interactions.build import build_interactions
from syncd.interactions.gather import occurrence_key
from syncd.interactions.outside import outside_of
from syncd.interactions.people import People
from syncd.model.view import HomeRecords
from tests.association.lines import NOW
from tests.association.words import Words

PEOPLE = """
account beta
user kim zone=America/New_York
contact ann
contact bob mail=bob@acme.example,b@acme.example
contact cat @beta
contact dan @beta mail=dan@beta.example,bob@acme.example
lead lee
prospect ann sf=003ann mail=ann@acme.example
prospect cat @beta sf=003cat mail=cat@beta.example
prospect bob sf=003bob mail=dan@beta.example
"""
GUESTS = ["ann", "bob", "cat", "dan", "x@one.example", "y@two.example", "lee"]
TIMES = ["03-03T10:00", "03-03T10:06", "03-03T10:30", "03-02T10:00", "03-03T15:00"]
TITLES = ["Demo", "Acme demo", "Intro", "Chorus: Demo"]
some_guests = st.lists(st.sampled_from(GUESTS), min_size=1, max_size=3, unique=True)
time = st.sampled_from(TIMES)
title = st.sampled_from(TITLES)
rep = st.sampled_from(["rep", "kim"])
recorded = st.sampled_from(["", "chorus=E0", "chorus=E1", "link=e1"])


@st.composite
def _line(draw, number):
    """One record of any kind."""
    kind = draw(st.sampled_from(["meeting", "recording", "call", "mail", "log", "log"]))
    at, owner, subject = draw(time), draw(rep), draw(title)
    guests = ",".join(draw(some_guests))
    said = f'at={at} by={owner} title="{subject}"'
    if kind == "meeting":
        series = draw(st.sampled_from(["", "series=s", "status=cancelled"]))
        copies = draw(st.sampled_from(["rep", "kim", "rep,kim"]))
        return f"meeting m{number} {said} with={guests} on={copies} {series}"
    if kind == "recording":
        more = draw(st.sampled_from(["", "type=dialer unplanned", "uid=s@google.com"]))
        known = more or f"uid=m{draw(st.integers(0, 8))}@google.com"
        return f"recording E{number} {said} with={guests} {known}"
    if kind in {"call", "mail"}:
        to = draw(st.sampled_from(["ann", "bob", "cat"]))
        more = draw(st.sampled_from(["", f"task=t{number + 1}", f"task=t{number + 2}"]))
        said = "message=same" if kind == "mail" and draw(st.booleans()) else ""
        return f"{kind} c{number} at={at} by={owner} to={to} {more} {said}"
    who = draw(st.sampled_from(["", "who=ann", "who=bob", "who=cat", "who=lee"]))
    said = f'owner={owner} subject="{subject}" {who} {draw(recorded)}'
    if draw(st.booleans()):
        child = draw(st.sampled_from(["", "child", "author=tool"]))
        return f"event e{number} at={at} {said} {child}"
    day = at[:5]
    made = f"made={at}" if draw(st.booleans()) else ""
    sort = draw(st.sampled_from(["Call", "Meeting", "Email", "none"]))
    return f"task t{number} day={day} kind={sort} {said} {made}"


@st.composite
def worlds(draw):
    """A few people of two accounts, and up to nine records that speak of them."""
    size = draw(st.integers(1, 9))
    lines = [draw(_line(number)) for number in range(size)]
    words = Words()
    words.read("\n".join([PEOPLE, *lines]))
    return words


def _found(words, records):
    org = words.org()
    directory = Directory(records=records, org=org)
    return build_interactions(records, org=org, directory=directory, now=NOW)


def _shuffled(records, rng):
    if records is None:
        return None
    fields = {}
    for field in dataclasses.fields(HomeRecords):
        value = getattr(records, field.name)
        if isinstance(value, tuple):
            value = tuple(rng.sample(value, len(value)))
        fields[field.name] = value
    return HomeRecords(**{**fields, "guests": _shuffled(records.guests, rng)})


@settings(max_examples=40, deadline=None)
@given(words=worlds(), seed=st.integers(0, 9999))
def test_the_order_of_records_changes_nothing(words, seed):
    """The same interactions with the same people and reasons in any order."""
    records = words.records()
    assert _found(words, _shuffled(records, random.Random(seed))) == _found(
        words, records
    )


@settings(max_examples=40, deadline=None)
@given(words=worlds())
def test_every_record_is_in_exactly_one_interaction(words):
    """Nothing is lost and nothing counted twice."""
    refs = [ref.id for i in _found(words, words.records()) for ref in i.refs]
    assert sorted(refs) == sorted(ref for some in words.refs.values() for ref in some)


def _only(records, ids):
    kinds = ("meetings", "engagements", "calls", "mailings", "activities")
    kept = {k: tuple(r for r in getattr(records, k) if r.id in ids) for k in kinds}
    return dataclasses.replace(records, **kept)


@settings(max_examples=40, deadline=None)
@given(words=worlds())
def test_what_is_one_stays_one_when_looked_at_alone(words):
    """Clustering the records of one interaction again gives that one interaction."""
    records = words.records()
    for interaction in _found(words, records):
        alone = _only(records, {ref.id for ref in interaction.refs})
        (again,) = _found(words, alone)
        assert again.refs == interaction.refs


def _outside_by_id(words, records):
    """People outside by record of another system than Salesforce."""
    directory = Directory(records=records, org=words.org())
    people = People(directory=directory)
    sources = (
        (records.meetings, people.of_meeting),
        (records.engagements, people.of_engagement),
        (records.calls, people.of_call),
        (records.mailings, people.of_mailing),
        (records.activities, people.of_activity),
    )
    return {
        row.id: outside_of(directory, read(row))
        for rows, read in sources
        for row in rows
    }


@settings(max_examples=100, deadline=None)
@given(words=worlds())
def test_people_of_different_companies_are_never_put_together(words):
    """Records of other systems hang together by a person or a company.

    Copies of one calendar event are one event, whomever each of them invites.
    Salesforce's activities are what is checked, so the person that one names is no
    evidence where it names the record itself.
    """
    records = words.records()
    outside = _outside_by_id(words, records)
    copy_of = {m.id: occurrence_key(m) for m in records.meetings}
    for interaction in _found(words, records):
        ids = [r.id for r in interaction.refs if r.system != "salesforce"]
        parts = {one: {one} for one in ids}
        for one, other in combinations(ids, 2):
            is_copy = one in copy_of and copy_of[one] == copy_of.get(other)
            if is_copy or not outside[one].is_foreign_to(outside[other]):
                joined = parts[one] | parts[other]
                parts.update(dict.fromkeys(joined, joined))
        assert len({frozenset(part) for part in parts.values()}) <= 1


@settings(max_examples=40, deadline=None)
@given(words=worlds())
def test_an_activity_without_ids_joins_nobody_elses_interaction(words):
    """What joins by time names a person of the company, or nobody."""
    records = words.records()
    outside = _outside_by_id(words, records)
    for interaction in _found(words, records):
        by_id = {"its Chorus id", "its Chorus link", "Outreach's data connection"}
        theirs = [r.id for r in interaction.refs if r.system != "salesforce"]
        for ref, says in zip(interaction.refs, interaction.joined_by, strict=True):
            if ref.system == "salesforce" and not by_id & {says} and theirs:
                own = outside[ref.id]
                assert not all(own.is_foreign_to(outside[one]) for one in theirs)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9999), guest=st.sampled_from(GUESTS), tag=st.booleans())
def test_who_somebody_is_does_not_depend_on_the_order_of_records(seed, guest, tag):
    """No first row wins, for exact and for weak keys."""
    words = Words()
    words.read(PEOPLE)
    email = words.address(guest)
    clue = Clue(email=email.replace("@", "+x@") if tag else email, name="Ann")
    records = words.records()
    found = [
        resolve(Directory(records=some, org=words.org()), clue)
        for some in (records, _shuffled(records, random.Random(seed)))
    ]
    assert found[0] == found[1]

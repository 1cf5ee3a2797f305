"""Translation: vendor records to canonical ones, or to quarantine."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from syncd.mapping.load import fit, load_mappings
from syncd.mapping.readers import READERS
from syncd.mapping.translate import translate, translate_one
from syncd.model.entities import Activity, Attendee, NoteDigest, Prospect
from syncd.model.record import Quarantined, RawRecord, Record, RecordRef
from syncd.model.words import print_of, split_prints
from syncd.ports.connector import FieldInfo

MAPS = load_mappings(None).objects
SHORT, LONG = "0035g00000ABCde", "0035g00000ABCdeAAH"


def _raw(system: str, name: str, fields: dict[str, Any], **more: Any) -> RawRecord:
    return RawRecord(
        ref=RecordRef(system, name, "1"), version="v", fields=fields, **more
    )


@pytest.mark.parametrize("name", ["Task", "Event"])
@pytest.mark.parametrize("filled", ["chorus", "affectlayer"])
def test_chorus_id_is_read_from_whichever_field_holds_it(
    name: str, filled: str
) -> None:
    """An org with Chorus's package has two fields for it, and fills either."""
    kind = MAPS[("salesforce", name)]
    ids = [f"affectlayer__{which}_call_id__c" for which in ("affectlayer", "chorus")]
    fields = {*kind.remote_fields(), *ids}
    fitted = fit(kind, {one: FieldInfo(name=one) for one in fields}).object_map
    assert set(ids) <= set(fitted.remote_fields())
    raw = _raw("salesforce", name, {f"affectlayer__{filled}_call_id__c": "E1"})
    one = translate_one(raw, fitted)
    assert isinstance(one, Record)
    assert msgspec.json.decode(one.fields, type=Activity).chorus_id == "E1"


def test_task_becomes_an_activity_without_its_text() -> None:
    """Ids have 18 characters, instants are UTC, of the comment only a digest stays."""
    fields = {
        "Subject": "Initial Call (ii)",
        "WhoId": SHORT,
        "IsClosed": False,
        "ActivityDate": "2026-03-01",
        "CreatedDate": "2026-02-27T10:00:00.000+0100",
        "Description": "Very private. Case #00012345\r\n[syncd:ab12]",
    }
    one = translate_one(
        _raw("salesforce", "Task", fields), MAPS[("salesforce", "Task")]
    )
    assert isinstance(one, Record)
    assert b"private" not in one.fields
    assert b"null" not in one.fields
    activity = msgspec.json.decode(one.fields, type=Activity)
    assert (activity.object, activity.who_id) == ("Task", LONG)
    assert activity.created_at == datetime(2026, 2, 27, 9, 0, tzinfo=UTC)
    assert activity.note.case_numbers == ("00012345",)
    assert activity.note.markers == ("ab12",)
    assert one.happened_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert one.is_open


def test_prospect_brings_every_address_and_its_crm_ids() -> None:
    """The data connections' shape is not published: ids are found in any."""
    fields = {
        "attributes": {
            "name": "A",
            "emails": ["A@x.example", "a@x.example", "b@x.example"],
        },
        "relationships": {"account": {"data": {"type": "account", "id": 12}}},
        "meta": {"dataConnections": {"salesforce": [{"id": SHORT}]}},
    }
    one = translate_one(
        _raw("outreach", "prospect", fields), MAPS[("outreach", "prospect")]
    )
    assert isinstance(one, Record)
    prospect = msgspec.json.decode(one.fields, type=Prospect)
    assert prospect.emails == ("a@x.example", "b@x.example")
    assert (prospect.account_id, prospect.crm_ids) == ("12", (LONG,))


def test_equal_records_have_equal_bytes() -> None:
    """Key order of the vendor does not make a change."""
    fields = {"Name": "A", "Email": "a@x.example", "AccountId": None}
    contact = MAPS[("salesforce", "Contact")]
    there = translate_one(_raw("salesforce", "Contact", fields), contact)
    back = dict(reversed(fields.items()))
    assert translate_one(_raw("salesforce", "Contact", back), contact) == there


@pytest.mark.parametrize(
    "fields",
    [
        {"IsClosed": "perhaps"},
        {"ActivityDate": "someday secret"},
        {"CreatedDate": 1e30},
        {"Subject": {"secret": 1}},
        {"CallDurationInSeconds": "secret"},
    ],
)
def test_bad_value_quarantines_its_record_alone(fields: dict[str, Any]) -> None:
    """The page goes on, the reason has the field and never the value."""
    task = MAPS[("salesforce", "Task")]
    good, bad = translate(
        [_raw("salesforce", "Task", fields), _raw("salesforce", "Task", {})], task
    )
    assert len(good) == 1
    [one] = bad
    assert isinstance(one, Quarantined)
    assert one.path == next(iter(fields))
    assert "secret" not in one.reason


def test_tombstone_needs_no_fields() -> None:
    """A deletion is never held up by a mapping."""
    raw = _raw("salesforce", "Task", {}, deleted=True)
    one = translate_one(raw, MAPS[("salesforce", "Task")])
    assert isinstance(one, Record)
    assert one.deleted


@pytest.mark.parametrize(
    ("reader", "values", "wanted"),
    [
        ("phones", ["+1 (415) 555-2671", "020 7946 0000", None], ["+14155552671"]),
        ("email", [" A@B.example "], "a@b.example"),
        ("email", ["not one"], None),
        ("id18", ["not an id"], None),
        ("instant", [None, 0], "1970-01-01T00:00:00Z"),
        ("number", [3], 3.0),
        ("is_set", ["2026"], True),
        (
            "links",
            ["see https://Zoom.us/j/123?pwd=secret now"],
            ["https://zoom.us/j/123"],
        ),
        (
            "attendees",
            [[{"email": "A@b.example", "responseStatus": "declined"}]],
            [{"email": "a@b.example", "response": "declined"}],
        ),
        (
            "participants",
            [[], [{"email": "a@b.example", "type": "rep"}]],
            [{"email": "a@b.example", "is_rep": True}],
        ),
    ],
)
def test_reader_gives_canonical_values(
    reader: str, values: list[Any], wanted: object
) -> None:
    """Each reader, by the name that mappings use."""
    present = [value for value in values if value is not None]
    found = READERS[reader](present)
    assert found == wanted
    if reader == "attendees":
        assert msgspec.convert(found[0], Attendee).email == "a@b.example"


def test_of_a_text_only_prints_of_its_words_and_what_it_speaks_of_are_kept() -> None:
    """A word can be asked for, not read back; links and mark-up are not words."""
    text = "<p>Falcon renewal with Ann</p> https://zoom.us/j/9 ann@acme.example"
    digest = msgspec.convert(READERS["note"]([text]), NoteDigest)
    assert split_prints(digest.words) == {print_of("falcon"), print_of("ann")}
    assert digest.talk == ("renewal",)
    assert not {"falcon", "ann"} & set(str(digest).casefold().split())


def test_a_long_text_keeps_a_bounded_number_of_prints() -> None:
    """More prints than words that tell something would make a chance hit likely."""
    text = " ".join(f"word{number:03}x" for number in range(1000))
    digest = msgspec.convert(READERS["note"]([text]), NoteDigest)
    assert len(split_prints(digest.words)) <= 128


def test_a_denial_is_heard_in_a_long_text_too() -> None:
    """It stands a few words before what it denies."""
    text = "They talked on and on about plans. " * 50
    for said, wanted in (("Not a renewal.", []), ("A renewal.", ["renewal"])):
        found = READERS["note"]([text + said])
        assert found is not None
        assert found.get("talk", []) == wanted


def test_several_texts_are_judged_as_one() -> None:
    """A summary, a list of what is to be done and the names of trackers."""
    todo = [{"text": "Send the Osprey offer"}, "Book the training"]
    found = READERS["notes"](["About Falcon.", todo, [{"name": "Heron", "n": 3}]])
    digest = msgspec.convert(found, NoteDigest)
    wanted = {print_of(word) for word in ("falcon", "osprey", "heron")}
    assert wanted <= split_prints(digest.words)
    assert digest.talk == ("care",)
    assert READERS["notes"]([[], None]) is None


def test_equal_texts_have_equal_digests_whatever_their_newlines() -> None:
    """Vendors change newlines and outer blanks when they store a text."""
    one = READERS["note"](["Next step:\r\ncall\r\n"])
    other = READERS["note"](["  Next step:\ncall"])
    assert one == other
    assert msgspec.convert(one, NoteDigest).length == len("Next step:\ncall")

"""Mappings: shipped ones read, a company's laid over, every mistake told at once."""

from pathlib import Path

import pytest

from syncd.errors import ConfigError
from syncd.mapping.load import fit, load_mappings
from syncd.model.entities import ENTITY_TYPES
from syncd.ports.connector import FieldInfo

_TASK = 'system = "salesforce"\nobject = "Task"'
_NO_CONNECTOR_YET = {("caldav", "Event")}


def test_every_kept_object_has_a_shipped_mapping() -> None:
    """Nothing that the mirror keeps is without a map."""
    loaded = load_mappings(None)
    assert set(ENTITY_TYPES) - _NO_CONNECTOR_YET <= set(loaded.objects)


def _overlay(folder: Path, body: str, name: str = "own.toml") -> Path:
    (folder / name).write_text(body, encoding="utf-8")
    return folder


def test_company_file_lies_over_the_shipped_one_row_by_row(tmp_path: Path) -> None:
    """A row that is given replaces one; the others stay as shipped."""
    folder = _overlay(
        tmp_path,
        'system = "salesforce"\nobject = "Contact"\n[fields]\n'
        'emails = { remote = ["Email", "Alt_Email__c"], type = "emails" }\n',
    )
    shipped = load_mappings(None).objects[("salesforce", "Contact")]
    own = load_mappings(folder).objects[("salesforce", "Contact")]
    assert own.row("emails").remote == ("Email", "Alt_Email__c")
    assert own.row("name") == shipped.row("name")
    assert "Alt_Email__c" in own.remote_fields()


def test_company_values_lie_over_the_shipped_ones(tmp_path: Path) -> None:
    """Value tables are merged by key."""
    folder = _overlay(
        tmp_path, '[chorus_disposition]\nvoicemail = "VM"\n', "values.toml"
    )
    table = load_mappings(folder).values["chorus_disposition"]
    assert table["voicemail"] == "VM"
    assert table["connected"] == "Connected"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("name = [", "correct the TOML"),
        ('system = "salesforce"\nobject = "Acount"', "Acount"),
        ("{TASK}\nfield = 1", "unknown key"),
        ("{TASK}\nfields = 1", "not a table"),
        ('{TASK}\nhappened = ["when"]', "when"),
        ('{TASK}\n[fields]\nwhom = "X"', "whom"),
        (
            '{TASK}\n[fields]\nsubject = { remote = "Subject", typ = "text" }',
            "typ",
        ),
        (
            '{TASK}\n[fields]\nsubject = { remote = "Subject", type = "txt" }',
            "txt",
        ),
        (
            "{TASK}\n[fields]\nkey = { optional = true }",
            "neither remote nor pattern",
        ),
        (
            '{TASK}\n[fields]\nkey = { pattern = "(" }',
            "no regular expression",
        ),
        ("{TASK}\n[fields]\nkey = 3", "int"),
    ],
)
def test_mistake_is_told_with_its_file(tmp_path: Path, body: str, says: str) -> None:
    """The message names the file and what is wrong."""
    with pytest.raises(ConfigError, match=r"own\.toml") as caught:
        load_mappings(_overlay(tmp_path, body.replace("{TASK}", _TASK)))
    assert says in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Nobody has to correct one mistake to hear of the next."""
    _overlay(tmp_path, 'system = "x"\nobject = "y"\n', "a.toml")
    _overlay(tmp_path, "[chorus_disposition]\nvoicemail = 3\n", "values.toml")
    with pytest.raises(ConfigError) as caught:
        load_mappings(tmp_path)
    assert len(caught.value.problems) == 2


def test_map_is_fitted_to_the_fields_that_the_org_has() -> None:
    """Patterns find a package's fields in any case; required ones are missed aloud."""
    task = load_mappings(None).objects[("salesforce", "Task")]
    names = {name.partition(".")[0] for name in task.remote_fields()}
    names -= {"CompletedDateTime", "Subject"}
    names.add("AFFECTLAYER__chorus_call_id__c")
    fitted = fit(task, {name: FieldInfo(name=name) for name in names})
    found = fitted.object_map.remote_of("chorus_id")
    assert found == "AFFECTLAYER__chorus_call_id__c"
    assert "completed_at" in fitted.unmapped
    assert [problem.what for problem in fitted.problems] == [
        "has no field Subject that our user may read"
    ]

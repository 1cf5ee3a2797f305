"""Labels files: what is read, and what is refused with its line."""

import pytest

from syncd.errors import ConfigError
from syncd.evaluate.labels import SHOWN_PROBLEMS, read_labels
from syncd.model.ids import salesforce_id

TASK = salesforce_id("00T5g00000AAAAA")
EVENT = salesforce_id("00U5g00000AAAAA")
DEAL = salesforce_id("0065g00000AAAAA")
CASE = salesforce_id("5005g00000AAAAA")
HEADER = "activity_id,opportunity_id\n"


def problems(text):
    """Everything said about a file, as ``line: what``."""
    with pytest.raises(ConfigError) as caught:
        read_labels(text, name="l.csv")
    return [f"{one.where}: {one.what}" for one in caught.value.problems]


def test_tasks_events_opportunities_cases_and_nothing_are_read():
    """Every kind that the interface names, in 15 characters too."""
    text = f"{HEADER}{TASK},{DEAL}\n{EVENT[:15]},{CASE}\n"
    first, second = read_labels(text, name="l.csv")
    assert (first.activity.object, first.activity.id) == ("Task", TASK)
    assert (first.target.object, first.target.id) == ("Opportunity", DEAL)
    assert (second.activity.object, second.activity.id) == ("Event", EVENT)
    assert second.target.object == "Case"
    (none,) = read_labels(f"{HEADER}{TASK},\n", name="l.csv")
    assert none.target is None


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_a_spreadsheet_adds_does_no_harm(newline):
    """A byte order mark, Windows line ends, quotes, blank lines and spaces."""
    lines = ["\ufeffactivity_id,opportunity_id", "", f'"{TASK}", {DEAL} ', ""]
    (label,) = read_labels(newline.join(lines), name="l.csv")
    assert label.target.id == DEAL
    assert label.line == 3


def test_slices_come_from_a_third_column():
    """Names are separated by bars; none is a name without letters."""
    text = f"activity_id,opportunity_id,slices\n{TASK},{DEAL},agency| bulk_edited|\n"
    (label,) = read_labels(text, name="l.csv")
    assert label.slices == {"agency", "bulk_edited"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "l.csv:1: the file is empty"),
        ("\n\n", "l.csv:1: the file is empty"),
        (HEADER, "l.csv:1: there is no label below the header"),
        (f"{TASK},{DEAL}\n", "l.csv:1: the header is another one"),
        ("opportunity_id,activity_id\n", "l.csv:1: the header is another one"),
        (f"{HEADER}{TASK}\n", "l.csv:2: has 1 columns, the header has 2"),
        (f"{HEADER}{TASK},{DEAL},x\n", "l.csv:2: has 3 columns, the header has 2"),
        (f"{HEADER}{DEAL},{DEAL}\n", f"l.csv:2: '{DEAL}' is no id of a Task or Event"),
        (
            f"{HEADER}{TASK},{TASK}\n",
            f"l.csv:2: '{TASK}' is no id of an Opportunity or Case",
        ),
        (
            f"{HEADER}{TASK},{DEAL[:-1]}9\n",
            f"l.csv:2: '{DEAL[:-1]}9' is no id of an Opportunity or Case",
        ),
        (
            f"{HEADER}{TASK},{DEAL}\n{TASK[:15]},\n",
            f"l.csv:3: {TASK} has a label already, on line 2",
        ),
        (f'{HEADER}"{TASK},{DEAL}\n', "l.csv:2: is not CSV: unexpected end of data"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_reason(text, said):
    """Each mistake that a person can make in the file."""
    assert problems(text) == [said]


def test_all_mistakes_are_said_at_once():
    """Nobody has to run it once per mistake; a cell is never quoted whole."""
    text = f"{HEADER}x,{DEAL}\n{TASK},{DEAL}\n{'y' * 90},\n"
    assert [one.partition(" ")[0] for one in problems(text)] == ["l.csv:2:", "l.csv:4:"]
    assert "y" * 30 not in "".join(problems(text))


def test_a_file_of_mistakes_does_not_flood_the_terminal():
    """After a hundred only the number of the others is said."""
    said = problems(HEADER + "x,\n" * 250)
    assert len(said) == SHOWN_PROBLEMS + 1
    assert said[-1] == "l.csv: 150 more lines are wrong"

"""What a careless or hostile user of the command line meets: advice, never a wreck."""

import json
import shutil
import socket
from datetime import timedelta

import pytest

from syncd.sandbox.run import start
from tests.command_line import syncd


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A polled sandbox with a saved plan, its company and its configuration."""
    folder = tmp_path_factory.mktemp("hostile")
    running = start(accounts=4, seed=5)
    path = running.write_config(folder)
    done = syncd(path, "plan", "-o", "plan.json")
    assert done.returncode == 0, done.stderr
    yield running, path, json.loads((folder / "plan.json").read_text())
    running.close()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--opportunity", "nonsense"), "nonsense: is no Opportunity we know"),
        (("--account", "{opportunity}"), "is no Account but Opportunity"),
        (("--owner", "nobody@nowhere.example"), "is no Salesforce user's e-mail"),
        (("-o", "no/such/folder/x.json"), "its folder is not there"),
        (("-o", "plan.pdf"), "its ending says no format"),
        (("--json", "--format", "csv"), "contradicts --json"),
    ],
)
def test_a_scope_or_file_that_is_not_there_is_an_error(place, arguments, says):
    """A mistyped id does not look like an org without faults."""
    _, path, plan = place
    known = next(f["opportunity_id"] for f in plan["findings"] if f["opportunity_id"])
    given = [one.format(opportunity=known) for one in arguments]
    done = syncd(path, "plan", "--no-poll", *given)
    assert done.returncode == 2, done.stdout
    assert says in done.stderr
    assert "nobody@" not in done.stderr


def test_check_says_whom_it_takes_for_a_tool_and_which_domains_for_ours(place):
    """What the policy leaves empty is found out, and can be looked at."""
    _, path, _ = place
    done = syncd(path, "check", "--json")
    says = {item["name"]: item["says"] for item in json.loads(done.stdout)}
    assert says["own domains"] == "northwind-cloud.com (found out)"
    assert says["integration users"].endswith("(found out)")


def test_fifteen_characters_name_the_same_record(place):
    """The id from the browser's address bar and the long one give the same plan."""
    _, path, plan = place
    long = next(f["opportunity_id"] for f in plan["findings"] if f["opportunity_id"])
    plans = [
        json.loads(syncd(path, "plan", "--no-poll", "--json", *scope).stdout)
        for scope in (("--opportunity", long), ("--opportunity", long[:15]))
    ]
    assert plans[0]["digest"] == plans[1]["digest"]
    assert plans[0]["findings"] == plans[1]["findings"] != []


def test_a_plan_without_changes_invites_nobody_to_apply_it(place):
    """Where there is nothing to do, no next step is suggested."""
    _, path, _ = place
    done = syncd(
        path, "plan", "--no-poll", "--rule", "contact-under-opportunity-account"
    )
    assert " 0 changes" in done.stdout
    assert "next:" not in done.stderr


def edited(plan, folder, **changed):
    """The plan's file after somebody's work on it."""
    path = folder / "edited.json"
    path.write_text(json.dumps({**plan, **changed}))
    return str(path)


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"\xff\xfe\x00plan", 2, "is not a plan"),
        (b'{"schema": "syncd.plan/1", "plan_id": "pln', 2, "is not a plan"),
        (b"[]", 2, "is not a plan"),
        (b"", 2, "is not a plan"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(place, tmp_path, content, code, says):
    """Binary, truncated, of another shape, empty."""
    _, path, _ = place
    file = tmp_path / "plan.json"
    file.write_bytes(content)
    done = syncd(path, "apply", str(file))
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_age_and_guards_of_a_plan_cannot_be_edited(place, tmp_path):
    """The store remembers the plan: only its own words count, and nothing is sent."""
    running, path, plan = place
    before = running.recorders["salesforce"].write_calls
    for changed in ({"guards": []}, {"created_at": "2031-01-01T00:00:00Z"}):
        done = syncd(path, "apply", edited(plan, tmp_path, **changed))
        assert done.returncode == 4, done.stderr
        assert "edited by hand" in done.stderr
    assert running.recorders["salesforce"].write_calls == before


def test_an_id_that_several_records_have_is_not_guessed(place):
    """Outreach's ids repeat per type; the full name tells them apart."""
    _, path, _ = place
    vague = syncd(path, "explain", "1")
    assert vague.returncode == 2
    assert "outreach/call/1" in vague.stderr
    exact = syncd(path, "explain", "outreach/call/1")
    assert exact.returncode == 0
    assert "outreach call 1" in exact.stdout


def test_account_and_opportunity_send_each_other_s_ids_on(place):
    """The error names the command that takes this id."""
    _, path, plan = place
    finding = next(f for f in plan["findings"] if f["opportunity_id"])
    account, deal = finding["account_id"], finding["opportunity_id"]
    for command, given, right in (
        ("account", deal, "opportunity"),
        ("opportunity", account, "account"),
    ):
        wrong = syncd(path, command, given)
        assert wrong.returncode == 2
        assert f"→ syncd {right} {given}" in wrong.stderr
    shown = json.loads(syncd(path, "account", account, "--json").stdout)
    assert shown["people"]
    assert shown["findings"][0]["subject"]["id"]


def test_explain_shows_no_note(place):
    """A text that is to be copied is told by its length, here as in reports."""
    _, path, plan = place
    notes = [c for c in plan["changes"] if "Description" in c["after"]]
    assert notes
    told = syncd(path, "explain", notes[0]["id"]).stdout
    assert notes[0]["after"]["Description"] not in told
    assert "characters)" in told


def test_names_with_brackets_are_shown_as_they_are(place):
    """What looks like mark-up in a name is part of the name."""
    running, path, plan = place
    deal = next(f["opportunity_id"] for f in plan["findings"] if f["opportunity_id"])
    name = "[/red] Acme [bold]"
    body = {"object": "Opportunity", "id": deal, "fields": {"Name": name}}
    running.salesforce.control("edit", body)
    running.clock.advance(timedelta(minutes=1))
    assert syncd(path, "sync", "--connector", "salesforce").returncode == 0
    done = syncd(path, "opportunity", deal)
    assert done.returncode == 0, done.stderr
    assert f"{name}  " in done.stdout


@pytest.mark.parametrize("number", [0, 1])
def test_a_key_file_that_is_none_is_a_problem_of_the_configuration(
    place, tmp_path, number
):
    """Named with file and key before anything is asked of anyone."""
    _, path, _ = place
    folder = tmp_path / "conf"
    shutil.copytree(path.parent, folder)
    (folder / "google.json").write_text(("{}", "nonsense")[number])
    done = syncd(folder / "syncd.toml", "check")
    assert done.returncode == 2
    assert "google_calendar: service_account: is not a service account's" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "/proc/no/such"),
        ("sandbox", "--port", "70000"),
    ],
)
def test_places_that_cannot_be_had_are_usage_errors(place, arguments):
    """A folder or port that is not to be had is said without a traceback."""
    _, path, _ = place
    done = syncd(path, *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_required_field_that_is_hidden_ends_in_2_by_its_name(tmp_path):
    """Only a person can grant it or map another one; nothing is guessed meanwhile."""
    running = start(accounts=2, seed=5)
    path = running.write_config(tmp_path)
    running.salesforce.control("hide_field", {"object": "Task", "field": "Status"})
    done = syncd(path, "sync")
    running.close()
    assert done.returncode == 2
    assert "salesforce.Task: has no field Status" in done.stdout
    assert "map fields.status" in done.stdout


def test_a_service_that_cannot_be_watched_does_not_start(place):
    """A taken port ends `syncd run` with the port's name."""
    _, path, _ = place
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = syncd(path, "run", SYNCD_WEB__LISTEN=address)
    assert done.returncode == 2, done.stderr
    assert f"web.listen = {address}: cannot be had" in done.stderr

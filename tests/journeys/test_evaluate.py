"""``syncd evaluate`` through the real command line, on a polled company."""

import json
import re
from dataclasses import replace
from functools import partial
from xml.etree import ElementTree as ET

import msgspec
import pytest

from syncd import clock
from syncd.config.load import load_config
from syncd.evaluate.baselines import BASELINES
from syncd.evaluate.labels import read_labels
from syncd.pipeline.evaluate import EvaluationInputs, evaluate_labels
from syncd.pipeline.judge import build_view
from syncd.sandbox.run import start
from syncd.wiring import open_app
from tests.journeys.test_commands import syncd

OBJECTS = {"00T": "Task", "00U": "Event"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A polled company: its configuration, and the labels of its activities."""
    folder = tmp_path_factory.mktemp("evaluate")
    running = start(accounts=10, seed=5)
    path = running.write_config(folder)
    with open_app(load_config(path)) as app:
        app.poll()
        lines = [
            f"{one},{target or ''}"
            for one, target in running.company.truth.items()
            if one[:3] in OBJECTS and app.store.mirror.find(one)
        ]
    running.close()
    labels = folder / "labels.csv"
    labels.write_text("\n".join(["activity_id,opportunity_id", *lines]))
    return path, labels


def test_the_json_has_every_figure(place):
    """The fixed keys, every baseline, and slices that add up to labels."""
    path, labels = place
    told = syncd(path, "evaluate", str(labels), "--json")
    assert told.returncode == 0, told.stderr
    figures = json.loads(told.stdout)
    lines = labels.read_text().splitlines()[1:]
    assert figures["n"] == len(lines)
    assert figures["targets"] == sum(not line.endswith(",") for line in lines)
    assert set(figures["baselines"]) == set(BASELINES)
    assert figures["precision"] >= 0.98
    assert figures["linked"] + figures["abstained"] == figures["n"]
    assert figures["slices"]["no_target"]["n"] == figures["n"] - figures["targets"]
    assert sum(one["n"] for one in figures["calibration"]) == figures["n"]
    again = syncd(path, "evaluate", str(labels), "--json")
    assert again.stdout == told.stdout


def test_people_read_tables_and_a_page(place):
    """The page has both plots with words for them, no script, and asks nobody."""
    path, labels = place
    page = labels.with_name("page.html")
    told = syncd(path, "evaluate", str(labels), "--html", str(page))
    assert told.returncode == 0, told.stderr
    for name in ("precision", "coverage", *BASELINES, "several_open"):
        assert name in told.stdout
    text = page.read_text()
    assert "<script" not in text
    assert not re.search(r'(?:src|srcset)="|url\(|@import', text)
    charts = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(charts) == 2
    for chart in charts:
        root = ET.fromstring(chart)
        assert root.get("role") == "img"
        assert len(root.get("aria-label")) > 40
    assert text.count("<th scope=") > 50


def test_bad_labels_are_refused_at_once_with_their_lines(place):
    """Unknown records, wrong ids and duplicates in one go, exit 2, nothing printed."""
    path, labels = place
    good = labels.read_text().splitlines()[1]
    bad = labels.with_name("bad.csv")
    activity = good.partition(",")[0]
    bad.write_text(
        "\n".join(
            [
                "activity_id,opportunity_id",
                good,
                "00T5g00000ZZZZZEAZ,",
                f"{activity[:15]},",
                "nonsense,",
            ]
        )
    )
    told = syncd(path, "evaluate", str(bad), "--json")
    assert (told.returncode, told.stdout) == (2, "")
    assert re.findall(r"bad\.csv:(\d+)", told.stderr) == ["3", "4", "5"]
    bad.write_text(
        "activity_id,opportunity_id\n00T5g00000AAAAA,\n00T5g00000AAAAB,0065g00000AAAAA\n"
    )
    told = syncd(path, "evaluate", str(bad))
    assert told.returncode == 2
    assert told.stderr.count("the mirror has no Task") == 2
    assert told.stderr.count("the mirror has no Opportunity") == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"a,b\n", "header"),
        (b"\xff\xfe\x00", "UTF-8"),
        (None, "No such"),
    ],
)
def test_a_file_that_is_no_labels_file(place, content, said):
    """Each with its reason and exit 2."""
    path, labels = place
    other = labels.with_name("other.csv")
    other.unlink(missing_ok=True)
    if content is not None:
        other.write_bytes(content)
    told = syncd(path, "evaluate", str(other))
    assert told.returncode == 2
    assert said in told.stderr


def test_a_page_without_a_folder_is_refused_first(place):
    """Nobody waits for figures that cannot be written."""
    path, labels = place
    told = syncd(path, "evaluate", str(labels), "--html", "nowhere/page.html")
    assert told.returncode == 2
    assert "folder" in told.stderr


def test_explain_shows_what_other_rules_would_choose(place):
    """Beside our own answer, for people and for scripts."""
    path, labels = place
    one = next(
        line.partition(",")[0]
        for line in labels.read_text().splitlines()[1:]
        if not line.endswith(",")
    )
    told = json.loads(syncd(path, "explain", one, "--json").stdout)
    assert [other["name"] for other in told["baselines"]] == list(BASELINES)
    assert any(other["agrees"] for other in told["baselines"])
    assert "gong_default" in syncd(path, "explain", one).stdout


def inputs_of(app):
    """What labels are held against."""
    return EvaluationInputs(
        mirror=app.store.mirror,
        policy=app.policy,
        baselines=BASELINES,
        now=clock.now(),
    )


def test_slices_of_the_file_come_beside_those_of_the_data(place):
    """A third column makes slices of its own."""
    path, labels = place
    header, *lines = labels.read_text().splitlines()
    text = "\n".join(
        [f"{header},slices", *(f"{one},odd|mine" for one in lines[:5])]
        + [f"{one}," for one in lines[5:]]
    )
    with open_app(load_config(path), connect=False) as app:
        found = evaluate_labels(read_labels(text, name="l"), inputs_of(app))
    assert found.slices["mine"].figures.n == 5
    assert found.slices["odd"].figures == found.slices["mine"].figures
    assert found.slices["several_open"].figures.n > 5


def test_what_an_activity_is_related_to_is_hidden(place):
    """Relating all records of an interaction to another deal changes no answer."""
    path, _ = place
    with open_app(load_config(path), connect=False) as app:
        inputs = inputs_of(app)
        org = app.store.mirror.org(app.policy)
        homes = app.store.mirror.homes()
        since = inputs.now.replace(year=2000)
        looked_at = sum(
            related_anew(records, partial(build_view, org=org, policy=app.policy))
            for batch in app.store.mirror.load(homes, since=since)
            for records in batch
        )
    assert looked_at > 100


def related_anew(records, view_of):
    """Relate one interaction after another to another deal; how many there were."""
    now = clock.now()
    view = view_of(records, now=now)
    done = 0
    for interaction in view.interactions[::3]:
        refs = {ref for ref in interaction.refs if ref in view.activities}
        own = {view.activities[ref].what_id for ref in refs}
        other = next((o.id for o in records.opportunities if o.id not in own), None)
        if not refs or other is None:
            continue
        moved = tuple(
            msgspec.structs.replace(one, what_id=other) if one.ref in refs else one
            for one in records.activities
        )
        changed = view_of(replace(records, activities=moved), now=now)
        key = interaction.key
        assert changed.associations[key] == view.associations[key]
        done += 1
    return done

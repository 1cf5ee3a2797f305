"""Names, keys and defaults on the pages are those of the code, both ways."""

import ast
import re
import tomllib
from pathlib import Path

import msgspec
import pytest
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry

from syncd import plugins
from syncd.association.weights import shipped
from syncd.cli.exit_codes import ExitCode
from syncd.config.names import section_of
from syncd.config.settings import Settings
from syncd.config.templates import syncd_toml
from syncd.db.tables import METADATA
from syncd.mapping.readers import READERS
from syncd.mapping.schema import FieldRow
from syncd.model.policy import (
    AssociationPolicy,
    Defaults,
    OrgPolicy,
    RuleSettings,
    Segment,
)
from syncd.web.app import Probes, create_app
from tests.architecture.pages import DOCS, ROOT, code, rows, section

CONFIGURATION = (DOCS / "configuration.md").read_text()
REQUIRED = "required"
SECTIONS = {
    name: model
    for name, field in Settings.model_fields.items()
    if (model := section_of(field.annotation)) is not None
}
POLICY = {
    "[org]": OrgPolicy,
    "[segments.NAME]": Segment,
    "[defaults]": Defaults,
    "[association]": AssociationPolicy,
}


def plain(value: object) -> object:
    """A default, or a struct of defaults, as TOML has it."""
    return msgspec.json.decode(msgspec.json.encode(value))


def defaults_of(model: type) -> dict[str, object]:
    """Keys of a section with their defaults."""
    return {
        name: REQUIRED if field.is_required() else plain(field.default)
        for name, field in model.model_fields.items()
        if section_of(field.annotation) is None
    }


def documented(text: str) -> dict[str, object]:
    """Keys and defaults of the tables in a text; an empty cell is TOML's ``""``."""
    found = {}
    for key, default, _ in rows(text, "key"):
        (name,) = code(key)
        shown = default.strip("`")
        found[name] = (
            REQUIRED if shown == REQUIRED else tomllib.loads(f"x = {shown}")["x"]
        )
    return found


def test_the_page_has_every_top_key_with_its_default() -> None:
    """A key outside the sections is on the page if and only if it is read."""
    assert documented(section(CONFIGURATION, "syncd.toml")) == defaults_of(Settings)


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_the_page_has_every_key_of_a_section_with_its_default(name: str) -> None:
    """A key is on the page if and only if it is read, with its true default."""
    assert documented(section(CONFIGURATION, f"[{name}]")) == defaults_of(
        SECTIONS[name]
    )


@pytest.mark.parametrize("name", sorted(POLICY))
def test_the_page_has_every_key_of_the_policy_with_its_default(name: str) -> None:
    """The same for policy.toml."""
    assert documented(section(CONFIGURATION, name)) == plain(POLICY[name]())


def test_the_template_has_the_same_keys_as_the_settings() -> None:
    """What init writes, comments on an absent section included, is what is read."""
    text = re.sub(r"^# (?=\[caldav\]|\w+ = )", "", syncd_toml(), flags=re.MULTILINE)
    written = tomllib.loads(text)
    assert set(written) == set(Settings.model_fields)
    for name, model in SECTIONS.items():
        assert set(written[name]) == set(model.model_fields), name


EXAMPLES = {"caldav.password", "salesforce.private_key", "salesforce.username"}


def test_the_template_has_the_defaults_of_the_settings() -> None:
    """Every key stands in the template with its default, apart from examples."""
    text = re.sub(r"^# (?=\[caldav\]|\w+ = )", "", syncd_toml(), flags=re.MULTILINE)
    written = tomllib.loads(text)
    for name, model in SECTIONS.items():
        for key, default in defaults_of(model).items():
            if default != REQUIRED and f"{name}.{key}" not in EXAMPLES:
                assert written[name][key] == default, f"{name}.{key}"


RULES = plugins.rules()


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_a_rules_page_has_its_title_mode_and_settings(rule_id: str) -> None:
    """Title, practices, default mode and the rule's own settings are the code's."""
    rule = RULES[rule_id]
    text = (DOCS / "rules" / f"{rule_id}.md").read_text()
    assert f"{rule.title}." in text
    first, last = rule.practices[0], rule.practices[-1]
    assert re.search(rf"Upholds: Practices? {first}\b", text)
    assert re.search(rf"\b{last}\b", text)
    assert f"Default mode: `{rule.settings().mode}`." in text
    own = set(plain(rule.settings())) - set(plain(RuleSettings()))
    assert {code(key)[0] for key, *_ in rows(text, "key")} == own


def test_the_list_of_rules_is_complete() -> None:
    """The index names every rule once, with its title and default mode."""
    listed = {
        re.match(r"\[([\w-]+)\]", name).group(1): (title, mode.strip("`"))
        for name, title, mode in rows(
            (DOCS / "rules" / "README.md").read_text(), "rule"
        )
    }
    assert listed == {
        name: (rule.title, str(rule.settings().mode)) for name, rule in RULES.items()
    }


def test_the_store_page_has_every_table() -> None:
    """A table is on the page if and only if the store has it."""
    named = [
        name
        for names, _ in rows((DOCS / "store.md").read_text(), "table")
        for name in code(names)
    ]
    assert sorted(named) == sorted(METADATA.tables)


def test_the_architecture_has_every_folder() -> None:
    """Each package of syncd has its row."""
    named = {
        one
        for cells in rows((DOCS / "architecture.md").read_text(), "folder")
        for one in code(cells[0])
    }
    folders = {
        f"syncd/{path.parent.name}/" for path in (ROOT / "syncd").glob("*/__init__.py")
    }
    assert folders - named == set()


def test_decisions_are_numbered_once_and_listed() -> None:
    """The index has each decision's number, title and status, in order."""
    listed = [
        tuple(r) for r in rows((DOCS / "adr" / "README.md").read_text(), "decision")
    ]
    records = []
    for path in sorted((DOCS / "adr").glob("[0-9]*.md")):
        title, _, state = path.read_text().partition("\n\n")
        number, _, name = title.removeprefix("# ").partition(". ")
        assert path.name.startswith(f"{int(number):04d}-")
        date, _, status = state.partition("\n")[0].rstrip(".").partition(", ")
        records.append((f"[{number}. {name}]({path.name})", f"{status}, {date}"))
    assert [cells[:2] for cells in listed] == records
    assert len({cells[0].split(".")[0] for cells in records}) == len(records)


FRAGMENTS = sorted((DOCS / "changes").iterdir())


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_a_change_is_one_sentence_of_a_known_kind(path: Path) -> None:
    """Towncrier passes over a fragment with an ending that it does not know."""
    assert re.fullmatch(r"[\w-]+\.(added|changed|fixed|removed)\.md", path.name)
    assert path.read_text().count("\n") == 1
    assert path.read_text().endswith(".\n")


MAPPINGS = (DOCS / "mappings.md").read_text()


def test_the_mappings_page_has_every_key_type_and_value_table() -> None:
    """What a row may say is on the page if and only if it is understood."""
    keys = {field.name for field in msgspec.structs.fields(FieldRow)} - {"canonical"}
    assert {code(cells[0])[0] for cells in rows(MAPPINGS, "key of a row")} == keys
    types = [one for cells in rows(MAPPINGS, "type") for one in code(cells[0])]
    assert sorted(types) == sorted(READERS)
    shipped = tomllib.loads((ROOT / "mappings" / "values.toml").read_text())
    assert {code(cells[0])[0] for cells in rows(MAPPINGS, "table")} == set(shipped)


def test_the_association_page_has_every_weight() -> None:
    """The weights in the table are those that are used."""
    page = rows((DOCS / "association.md").read_text(), "evidence")
    told = {code(cells[0])[0]: (float(cells[1]), cells[2]) for cells in page}
    used = {k: (one.weight, one.why) for k, one in shipped().evidence.items()}
    assert told == used


def said() -> list[str]:
    """Every text in the code but docstrings and the sandbox's."""
    nodes = [
        node
        for folder in ("syncd", "connectors")
        for path in (ROOT / folder).rglob("*.py")
        if "sandbox" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
    ]
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


def test_the_runbook_quotes_what_is_said() -> None:
    """What stands in quotes as a symptom is a text of the code, up to the blanks."""
    texts = said()
    missing = [
        piece
        for symptom, *_ in rows((DOCS / "runbook.md").read_text(), "you see")
        for quoted in re.findall(r'"([^"]+)"', symptom)
        for piece in (part.strip() for part in quoted.split("…"))
        if piece and not any(piece in text for text in texts)
    ]
    assert missing == []


def test_every_code_of_ours_has_advice() -> None:
    """A code that no vendor gave stands in the runbook or on its connector's page."""
    pages = [DOCS / "runbook.md", *(DOCS / "connectors").glob("*.md")]
    text = "".join(page.read_text() for page in pages)
    codes = {
        name
        for folder in ("connectors", "syncd/kit")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r'code="([a-z_]+)"', path.read_text())
    }
    assert codes
    assert [
        one
        for one in sorted(codes)
        if one not in text and one.partition("_")[0] + "_…" not in text
    ] == []


def test_the_runbook_has_every_guard_and_outcome() -> None:
    """No guard and no outcome of a change is without advice."""
    runbook = (DOCS / "runbook.md").read_text()
    guards = set(
        re.findall(
            r'"((?:max|no|snapshots)_\w+)"',
            (ROOT / "syncd" / "plan" / "guards.py").read_text(),
        )
    )
    outcomes = {"stale", "refused", "failed", "parked", "held_back"}
    assert [one for one in sorted(guards | outcomes) if one not in runbook] == []


def test_the_exit_codes_are_on_the_page() -> None:
    """The table of exit codes has every code, in order."""
    codes = [cells[0] for cells in rows((DOCS / "cli.md").read_text(), "code")]
    assert codes == [str(int(code)) for code in ExitCode]


SERVICE = (DOCS / "service.md").read_text()


def test_the_service_page_has_every_route() -> None:
    """A route is on the page if and only if it is served."""
    probes = Probes(ready=list, status=dict, registry=CollectorRegistry())
    served = {
        f"{method} {route.path}"
        for route in create_app(probes, token="").routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert {code(cells[0])[0] for cells in rows(SERVICE, "route")} == served


def test_the_service_page_has_every_metric_and_event() -> None:
    """Names that dashboards and alerts rest on are all told, and none that is not."""
    texts = said()
    metrics = {text for text in texts if re.fullmatch(r"syncd_[a-z_]+", text)}
    events = {
        text
        for text in texts
        if re.fullmatch(r"(?:apply|cycle|poll|proof)\.[a-z]+_?[a-z]+", text)
    }
    assert {code(cells[0])[0] for cells in rows(SERVICE, "metric")} == metrics
    assert {code(cells[0])[0] for cells in rows(SERVICE, "event")} == events

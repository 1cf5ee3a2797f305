"""A dry run is dry by construction."""

import pytest

from syncd.errors import DryRunRefusedError
from syncd.ports.connector import Write, WriteStatus
from syncd.sandbox.run import start
from syncd.wiring import open_app
from tests.stores import configured

WRITES = {
    "salesforce": [
        ("create", "OpportunityContactRole", None),
        ("update", "Task", "00T000000000001AAA"),
        ("delete", "OpportunityContactRole", "00K000000000001AAA"),
    ],
    "outreach": [
        ("create", "opportunityProspectRole", None),
        ("update", "opportunityProspectRole", "1"),
        ("delete", "opportunityProspectRole", "1"),
        ("action", "task", "1"),
    ],
}


def test_polling_and_planning_send_no_write(config, sandbox):
    """A whole dry run leaves the services' write counters at zero."""
    with open_app(config) as app:
        app.poll()
        assert app.plan().changes
    assert all(one.write_calls == 0 for one in sandbox.recorders.values())
    assert sum(sandbox.salesforce.writes.values()) == 0
    assert sum(sandbox.outreach.writes.values()) == 0


@pytest.fixture(scope="module")
def reading(new_store, tmp_path_factory):
    """An app in a dry run, which has read nothing yet."""
    running = start(accounts=2, seed=11)
    folder = tmp_path_factory.mktemp("dry")
    with open_app(configured(running, new_store("sqlite", folder), folder)) as app:
        yield app, running
    running.close()


@pytest.mark.parametrize(
    ("system", "operation", "name", "record_id"),
    [(system, *write) for system, writes in WRITES.items() for write in writes],
)
def test_no_connector_can_write_in_a_dry_run(
    reading, system, operation, name, record_id
):
    """Whatever the code above asks for, the session refuses to send it."""
    write = Write(
        key="k",
        operation=operation,
        object=name,
        record_id=record_id,
        fields={"Subject": "x"} if name == "Task" else {"role": "x"},
        action="markComplete" if operation == "action" else None,
    )
    app, sandbox = reading
    with pytest.raises(DryRunRefusedError):
        app.connectors[system].write([write])
    assert sandbox.recorders[system].write_calls == 0


def test_a_misbehaving_rule_cannot_write(config, sandbox):
    """A rule that got hold of a connector is refused like everybody else."""
    with open_app(config) as app:
        connector = app.connectors["salesforce"]
        write = Write(
            key="k",
            operation="update",
            object="Task",
            record_id="00T000000000001AAA",
            fields={"Subject": "x"},
        )

        def misbehaving(view, context):
            assert connector.write([write])[0].status is WriteStatus.DONE
            return ()

        import msgspec

        rules = {
            name: msgspec.structs.replace(rule, check=misbehaving)
            for name, rule in list(app.rules.items())[:1]
        }
        object.__setattr__(app, "rules", rules)
        app.poll()
        plan = app.plan()
    assert any("DryRunRefusedError" in note for note in plan.notes)
    assert plan.changes == ()
    assert sandbox.recorders["salesforce"].write_calls == 0

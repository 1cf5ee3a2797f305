"""How many calls applying a plan will need."""

from collections.abc import Mapping, Sequence

from syncd.apply.writes import write_of
from syncd.model.plan import Change, Cost
from syncd.ports.connector import Connector


def cost_of(
    changes: Sequence[Change], connectors: Mapping[str, Connector]
) -> dict[str, Cost]:
    """Calls by system: looking again, writing, and reading back."""
    found: dict[str, Cost] = {}
    for system in sorted({change.system for change in changes}):
        mine = [change for change in changes if change.system == system]
        reads = len({change.object for change in mine if change.record_id})
        reads += len({change.object for change in mine})
        reads += sum(change.operation == "create" for change in mine)
        connector = connectors.get(system)
        calls = len(mine)
        if connector is not None and hasattr(connector, "write_calls"):
            calls = connector.write_calls([write_of(change) for change in mine])
        found[system] = Cost(reads=reads, writes=calls)
    return found

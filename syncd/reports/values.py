"""How findings and changes are put into words: the same in every format."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from syncd.model.plan import Change, Names, Plan, PlanFinding, name_key
from syncd.model.texts import is_forgotten

_CONTENT: Final = frozenset({"Description", "note"})
"""Fields that hold what people wrote: reports tell their length only."""
_NEARLY_CERTAIN: Final = 0.9995


class FieldLine(NamedTuple):
    """One field of a change, as text; a name is empty where the plan knows none."""

    field: str
    before: str
    after: str
    before_name: str = ""
    after_name: str = ""

    @property
    def was(self) -> str:
        """What stands there, for people."""
        return _named(self.before, self.before_name)

    @property
    def becomes(self) -> str:
        """What it is to be, for people."""
        return _named(self.after, self.after_name)


def _named(value: str, name: str) -> str:
    return f"{name} ({value})" if name else value


Lines = tuple[FieldLine, ...]


def shown_value(field: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A value in a line: content by its length, nothing as (empty)."""
    if value is None or value == "":
        return "(empty)"
    if is_forgotten(value):
        return "(text that is no longer kept)"
    if isinstance(value, bool):
        return str(value).lower()
    if field in _CONTENT:
        return f"(text of {len(str(value))} characters)"
    return str(value)


def field_lines(change: Change, names: Names = MappingProxyType({})) -> Lines:
    """What a change does, field by field, with the plan's names; at least one line."""
    before, after = change.before, change.after
    known = names.get(change.system, {})

    def name_of(field: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
        return known.get(name_key(change.system, field, value), "")

    if change.operation == "delete":
        gone = tuple(
            FieldLine(name, shown_value(name, value), "(deleted)", name_of(name, value))
            for name, value in before.items()
        )
        return gone or (FieldLine("record", "", "(deleted)"),)
    lines = tuple(
        FieldLine(
            name,
            shown_value(name, before.get(name)),
            shown_value(name, value),
            name_of(name, before.get(name)),
            name_of(name, value),
        )
        for name, value in after.items()
    )
    return lines or (FieldLine("action", "", verb_of(change)),)


def verb_of(change: Change) -> str:
    """create, update, delete, or the action's own name."""
    return change.action or change.operation


def sure(confidence: float) -> str:
    """A confidence as a percentage that never rounds up to certainty."""
    return ">99.9%" if _NEARLY_CERTAIN <= confidence < 1 else f"{confidence:.1%}"


def status_of(finding: PlanFinding) -> str:
    """waiting, or what may be done about it."""
    return "waiting" if finding.waiting else finding.status


def no_change_because(finding: PlanFinding) -> str:
    """Why nothing is changed; empty where something is."""
    if finding.waiting:
        return finding.why_not or "its grace or settle time still runs"
    if finding.blocked_by:
        return f"not judged to the end: {', '.join(finding.blocked_by)} incomplete"
    return "" if finding.changes else finding.why_not


def headline(plan: Plan) -> str:
    """How much there is, in one line."""
    auto = sum(change.mode == "auto" for change in plan.changes)
    systems = sorted({change.system for change in plan.changes})
    findings = _count(len(plan.findings), "finding")
    changes = _count(len(plan.changes), "change")
    review = len(plan.changes) - auto
    return (
        f"{findings} · {changes} ({auto} automatic, {review} for review)"
        f" in {', '.join(systems) or 'no system'}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


class FootLine(NamedTuple):
    """What is true of the whole plan: ``kind`` is incomplete, cost, guard or note."""

    kind: str
    text: str
    bad: bool = False


def foot_lines(plan: Plan) -> Iterator[FootLine]:
    """Connectors that were incomplete, cost, guards and notes, in this order."""
    for name, state in plan.connectors.items():
        if not state.complete:
            yield FootLine("incomplete", f"{name}: {state.detail}", bad=True)
    for system, cost in plan.cost.items():
        calls = f"{cost.writes} write calls, about {cost.reads} read calls"
        yield FootLine("cost", f"{system}: {calls}")
    for guard in plan.guards:
        verdict = "ok" if guard.ok else "OVER THE LIMIT"
        detail = f" ({guard.detail})" if guard.detail else ""
        comes_to = f"{guard.actual:g} of {guard.limit:g}"
        text = f"{guard.guard}: {comes_to} {verdict}{detail}"
        yield FootLine("guard", text, bad=not guard.ok)
    for note in plan.notes:
        yield FootLine("note", note)

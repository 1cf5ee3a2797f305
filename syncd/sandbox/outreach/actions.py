"""What can be done to a task: by action only, its state is not an attribute to set.

Source: Outreach OpenAPI document, ``/tasks/{id}/actions/…``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syncd.sandbox.outreach.catalogue import KINDS
from syncd.sandbox.outreach.documents import Resource, pointer_to, target_of
from syncd.sandbox.outreach.errors import bad_request, invalid
from syncd.sandbox.outreach.org import Org, as_text

_RULES: Final = {"recent_created": "createdAt", "recent_updated": "updatedAt"}
_ASSOCIATIONS: Final = frozenset({*_RULES, "noop"})


@dataclass(frozen=True, kw_only=True)
class _Action:
    """Parameters that must be there, that may be there, and what is done."""

    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    act: Callable[["TaskActions", Resource, Mapping[str, str]], None]


class TaskActions:
    """Answers ``POST /tasks/{id}/actions/{name}``."""

    def __init__(self, org: Org) -> None:
        """Over this org."""
        self._org = org

    def act(self, number: int, name: str, params: Mapping[str, str]) -> Resource:
        """Do one thing to one task.

        Args:
            number: The task's id.
            name: The action's.
            params: ``actionParams``, by bare name.

        Raises:
            RefusalError: 400 for an unknown action or parameters that do not do; 404,
                403; 422 for a task that the action is not for.
        """
        action = _ACTIONS.get(name)
        if action is None:
            raise bad_request(f"no such action: {name}")
        missing = action.needs - params.keys()
        unknown = params.keys() - action.needs - action.takes
        if missing or unknown:
            names = ", ".join(sorted(missing | unknown))
            raise bad_request(f"{name} does not do with these parameters: {names}")
        task = self._org.to_change("task", number)
        action.act(self, task, params)
        self._org.writes["task", str(number)] += 1
        return task

    def complete(self, task: Resource, params: Mapping[str, str]) -> None:
        """Mark as complete; a note goes to the prospect."""
        now = self._org.now_text()
        done = {"state": "complete", "completed": True}
        self._org.edit(task, {**done, "completedAt": now, "stateChangedAt": now})
        prospect = target_of(task, "prospect")
        if params.get("completionNote") and prospect is not None:
            note = {"message": params["completionNote"], "noteType": "note"}
            to = {"prospect": pointer_to(*prospect)}
            self._org.add("prospectNote", note, to)

    def log_meeting(self, task: Resource, params: Mapping[str, str]) -> None:
        """Complete a task of meeting someone in person."""
        if task["attributes"].get("action") != "in_person":
            raise invalid("the task is not about meeting in person")
        for name, kind in (
            ("taskDispositionId", "taskDisposition"),
            ("taskPurposeId", "taskPurpose"),
        ):
            if name in params:
                self._point(task, kind, kind, _number(params, name))
        self.complete(task, params)

    def snooze(self, task: Resource, params: Mapping[str, str]) -> None:
        """A day later than now or than it was due, whichever is later."""
        now, due = self._org.now(), task["attributes"].get("dueAt")
        later = max(now, datetime.fromisoformat(due)) if due else now
        given = _instant(params, "dueAt") if "dueAt" in params else None
        self._org.edit(task, {"dueAt": as_text(given or later + timedelta(days=1))})

    def reassign(self, task: Resource, params: Mapping[str, str]) -> None:
        """Give it another owner. Nothing refuses a locked one."""
        number = _number(params, "ownerId")
        self._point(task, "owner", "user", number)
        if self._org.held("user", number)["attributes"].get("locked"):
            self._org.critical["assigned_to_locked_user"] += 1

    def reschedule(self, task: Resource, params: Mapping[str, str]) -> None:
        """Set the time it is due."""
        self._org.edit(task, {"dueAt": as_text(_instant(params, "dueAt"))})

    def update_note(self, task: Resource, params: Mapping[str, str]) -> None:
        """Set its note."""
        self._org.edit(task, {"note": params["note"]})

    def associate(self, task: Resource, params: Mapping[str, str]) -> None:
        """Set the rule that picks its opportunity, never an opportunity itself."""
        rule = params["opportunityAssociation"]
        if rule not in _ASSOCIATIONS:
            raise bad_request("opportunityAssociation is a rule, not an opportunity")
        self._org.edit(task, {"opportunityAssociation": rule})
        side, stamp = target_of(task, "prospect"), _RULES.get(rule)
        prospect = self._org.visible(*side) if side else None
        if prospect is None or stamp is None:
            return
        deals = self._org.many(KINDS["prospect"], prospect, "opportunities")
        if deals:
            latest = max(deals, key=lambda one: str(one["attributes"].get(stamp)))
            to = {"opportunity": pointer_to("opportunity", latest["id"])}
            self._org.edit(task, {}, to)

    def refuse(self, task: Resource, params: Mapping[str, str]) -> None:
        """For tasks of a sequence only, and no task here is one."""
        raise invalid("the task belongs to no sequence")

    def _point(self, task: Resource, name: str, kind: str, number: int) -> None:
        if self._org.visible(kind, number) is None:
            raise bad_request(f"there is no {kind} {number}")
        self._org.edit(task, {}, {name: pointer_to(kind, number)})


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ACTIONS: Final[Mapping[str, _Action]] = {
    "markComplete": _Action(
        takes=_names("completionNote completionAction"), act=TaskActions.complete
    ),
    "logMeetInPerson": _Action(
        needs=_names("taskDispositionId"),
        takes=_names("taskPurposeId completionNote"),
        act=TaskActions.log_meeting,
    ),
    "snooze": _Action(takes=_names("dueAt markAsUrgent"), act=TaskActions.snooze),
    "reassignOwner": _Action(needs=_names("ownerId"), act=TaskActions.reassign),
    "reschedule": _Action(needs=_names("dueAt"), act=TaskActions.reschedule),
    "updateNote": _Action(needs=_names("note"), act=TaskActions.update_note),
    "updateOpportunityAssociation": _Action(
        needs=_names("opportunityAssociation"), act=TaskActions.associate
    ),
    "advance": _Action(act=TaskActions.refuse),
    "deliver": _Action(act=TaskActions.refuse),
}


def _number(params: Mapping[str, str], name: str) -> int:
    if not params[name].isdigit():
        raise bad_request(f"{name} is no id")
    return int(params[name])


def _instant(params: Mapping[str, str], name: str) -> datetime:
    try:
        at = datetime.fromisoformat(params[name])
    except ValueError as error:
        raise bad_request(f"{name} is no time") from error
    if at.tzinfo is None:
        raise bad_request(f"{name} needs an offset")
    return at

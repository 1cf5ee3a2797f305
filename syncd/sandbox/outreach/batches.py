"""Bulk actions: one batch over many records, in steps, each record for itself.

Source: Outreach developer documentation, "Bulk API"; OpenAPI document, ``/batches``.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from syncd.sandbox.outreach.catalogue import KINDS, Kind
from syncd.sandbox.outreach.documents import Resource, pointer_to
from syncd.sandbox.outreach.errors import RefusalError, bad_request, invalid
from syncd.sandbox.outreach.filters import matches
from syncd.sandbox.outreach.org import Org
from syncd.sandbox.outreach.switches import Switches
from syncd.sandbox.outreach.writing import Writer

_FILTER: Final = re.compile(r"actionParams\[(filter)\](\[\w+\](?:\[\w+\])?(?:\[\])?)")
_LIVING: Final = frozenset({"pending", "confirming", "processing"})
_ROLE: Final = KINDS["opportunityProspectRole"]

Apply = Callable[["Batches", Kind, int, Mapping[str, Any]], None]


class Batches:
    """Starts batches and moves them on as time passes."""

    def __init__(self, org: Org, writer: Writer, switches: Switches) -> None:
        """Over this org; records are changed as single writes change them."""
        self._org = org
        self._writer = writer
        self._switches = switches
        self._at: dict[int, datetime] = {}

    def kind_of(self, name: str) -> Kind:
        """Which records an action is for.

        Raises:
            RefusalError: 404 for an unknown action.
        """
        if name not in _ACTIONS:
            raise RefusalError(404, "resourceNotFound", f"no such action: {name}")
        return KINDS[_ACTIONS[name][0]]

    def start(
        self, name: str, params: list[tuple[str, str]], attributes: Mapping[str, Any]
    ) -> Resource:
        """A new batch over what filter or ids choose; **without them, everything**.

        Args:
            name: Of the action.
            params: Query: ``actionParams[filter]…`` in the new syntax,
                ``actionParams[skipConfirmation]``.
            attributes: ``ids``, and what the action needs.

        Raises:
            RefusalError: 404 for an unknown action; 422 without what it needs.
        """
        kind, needed = self.kind_of(name), _ACTIONS[name][1]
        if needed and needed not in attributes:
            raise invalid(f"{needed} can't be blank", name=needed)
        chosen = self._chosen(kind, params, attributes)
        skips = ("actionParams[skipConfirmation]", "true") in params
        batch = self._org.add(
            "batch",
            {
                "action": name,
                "state": "pending",
                "total": len(chosen),
                "pending": len(chosen),
                "failures": 0,
                "confirmCount": len(chosen),
                "confirmedCountRequired": not skips,
                "payload": dict(attributes),
            },
        )
        for number in chosen:
            self._org.add(
                "batchItem",
                {
                    "batchId": batch["id"],
                    "state": "pending",
                    "failed": False,
                    "data": str(number),
                },
                {"batch": pointer_to("batch", batch["id"])},
            )
        self._at[batch["id"]] = self._org.now()
        self._org.writes["batch", str(batch["id"])] += 1
        return batch

    def _chosen(
        self, kind: Kind, params: list[tuple[str, str]], attributes: Mapping[str, Any]
    ) -> list[int]:
        filters = [
            (f"filter{found[2]}", value)
            for name, value in params
            if (found := _FILTER.fullmatch(name))
        ]
        if "ids" in attributes:
            return [int(one) for one in attributes["ids"]]
        if not filters:
            self._org.critical["batch_over_everything"] += 1
        asked = [*filters, ("newFilterSyntax", "true")]
        return [
            one["id"]
            for one in self._org.seen(kind.name)
            if matches(self._org, kind, one, asked)
        ]

    def decide(self, number: int, action: str, params: Mapping[str, str]) -> Resource:
        """Confirm or cancel a batch that waits for it.

        Raises:
            RefusalError: 404; 400 for another action; 422 in another state, or for
                another count than the batch's.
        """
        batch = self._org.find("batch", number)
        state, now = batch["attributes"]["state"], self._org.now_text()
        if action not in {"confirm", "cancel"}:
            raise bad_request(f"no such action: {action}")
        if state not in _LIVING or (action == "confirm" and state != "confirming"):
            raise invalid(f"the batch is {state}")
        if action == "cancel":
            self._org.edit(batch, {"state": "canceled", "canceledAt": now})
            return batch
        count = str(batch["attributes"]["confirmCount"])
        if params.get("confirmedCount", count) != count:
            raise invalid("confirmedCount differs", name="confirmedCount")
        self._org.edit(batch, {"state": "processing", "confirmedAt": now})
        self._at[number] = self._org.now()
        return batch

    def let_time_pass(self) -> None:
        """Move every batch on that has stood long enough."""
        step = timedelta(seconds=self._switches.batch_step_s)
        for number, at in list(self._at.items()):
            if self._org.now() - at >= step:
                self._step(self._org.held("batch", number))

    def _step(self, batch: Resource) -> None:
        attributes, number = batch["attributes"], batch["id"]
        if attributes["state"] == "pending":
            waits = attributes["confirmedCountRequired"]
            state = "confirming" if waits else "processing"
            self._org.edit(batch, {"state": state, "startedAt": self._org.now_text()})
            self._at[number] = self._org.now()
        elif attributes["state"] == "processing":
            self._process(batch)
            del self._at[number]
        elif attributes["state"] != "confirming":
            del self._at[number]

    def _process(self, batch: Resource) -> None:
        attributes = batch["attributes"]
        kind, _, apply = _ACTIONS[attributes["action"]]
        failures = 0
        for item in self._org.many(KINDS["batch"], batch, "batchItems"):
            outcome: dict[str, Any] = {"state": "finished"}
            try:
                number = int(item["attributes"]["data"])
                apply(self, KINDS[kind], number, attributes["payload"])
            except RefusalError as refusal:
                failures += 1
                outcome = {"state": "failed", "failed": True, "info": refusal.detail}
            self._org.edit(item, outcome)
        # Partial failure is normal: the batch itself has finished.
        done = {"state": "finished", "pending": 0, "failures": failures}
        self._org.edit(batch, {**done, "finishedAt": self._org.now_text()})

    # --- what an action does to one record --------------------------------------------

    def assign(self, kind: Kind, number: int, payload: Mapping[str, Any]) -> None:
        """Set owner or account."""
        name = "account" if "accountId" in payload else "owner"
        target = "account" if name == "account" else "user"
        to = pointer_to(target, int(payload[f"{name}Id"]))
        self._change(kind, number, {}, {name: to})

    def assign_opportunity(
        self, kind: Kind, number: int, payload: Mapping[str, Any]
    ) -> None:
        """Put a prospect on an opportunity, where it is not there yet."""
        deal = int(payload["opportunityId"])
        prospect = self._org.to_change(kind.name, number)
        deals = self._org.many(kind, prospect, "opportunities")
        if deal not in {one["id"] for one in deals}:
            sides = {
                "opportunity": pointer_to("opportunity", deal),
                "prospect": pointer_to("prospect", number),
            }
            self._writer.create(_ROLE, {"relationships": sides})

    def tag(self, kind: Kind, number: int, payload: Mapping[str, Any]) -> None:
        """Add tags."""
        held = self._org.to_change(kind.name, number)["attributes"].get("tags") or []
        tags = [*held, *(one for one in payload["tags"] if one not in held)]
        self._change(kind, number, {"tags": tags}, {})

    def modify(self, kind: Kind, number: int, payload: Mapping[str, Any]) -> None:
        """Set attributes."""
        given = {k: v for k, v in payload.items() if k != "ids"}
        self._change(kind, number, given, {})

    def destroy(self, kind: Kind, number: int, payload: Mapping[str, Any]) -> None:
        """Delete."""
        self._writer.remove(kind, number)

    def _change(
        self,
        kind: Kind,
        number: int,
        attributes: Mapping[str, Any],
        relationships: Mapping[str, Any],
    ) -> None:
        data = {
            "type": kind.name,
            "id": number,
            "attributes": attributes,
            "relationships": relationships,
        }
        self._writer.change(kind, number, data)


_ACTIONS: Final[Mapping[str, tuple[str, str, Apply]]] = {
    "prospectsAssignOpportunity": (
        "prospect",
        "opportunityId",
        Batches.assign_opportunity,
    ),
    "prospectsAssignOwner": ("prospect", "ownerId", Batches.assign),
    "prospectsAssignAccount": ("prospect", "accountId", Batches.assign),
    "prospectsAddTags": ("prospect", "tags", Batches.tag),
    "prospectsBulkModify": ("prospect", "", Batches.modify),
    "prospectsDestroyAll": ("prospect", "", Batches.destroy),
    "accountsAssignOwner": ("account", "ownerId", Batches.assign),
    "accountsBulkModify": ("account", "", Batches.modify),
    "accountsDestroyAll": ("account", "", Batches.destroy),
}
NAMES: Final = frozenset(_ACTIONS)
"""Bulk actions that there are here."""

"""What follows from an opportunity's stage; its histories.

Source: Object Reference, "Opportunity", "OpportunityHistory",
"OpportunityFieldHistory".
"""

from typing import Any, Final

from syncd.sandbox.salesforce.settings import OrgSettings
from syncd.sandbox.salesforce.soql import Row
from syncd.sandbox.salesforce.table import Tables
from syncd.sandbox.salesforce.write import Behaviour, Write

_IN_HISTORY: Final = ("StageName", "Amount", "CloseDate", "Probability")
_VANISH: Final = ("OpportunityHistory", "OpportunityFieldHistory")


class Opportunities(Behaviour):
    """A stage brings flags and probability; changes leave history rows."""

    objects = frozenset({"Opportunity"})

    def __init__(self, tables: Tables, settings: OrgSettings) -> None:
        """Reads the org's stages."""
        self._tables = tables
        self._settings = settings

    def derive(self, write: Write) -> None:
        """Flags always; probability and the date of the change with a new stage."""
        row = write.row
        stage = self._stage(str(row.get("StageName")))
        row["IsClosed"] = bool(stage.get("IsClosed"))
        row["IsWon"] = bool(stage.get("IsWon"))
        if write.loaded or not write.changes("StageName"):
            return
        row["LastStageChangeDate"] = self._tables.stamp()
        if "Probability" not in write.fields:
            row["Probability"] = stage.get("DefaultProbability")

    def follow(self, write: Write) -> None:
        """Write history; give a new opportunity the role of its contact."""
        if write.changes(*_IN_HISTORY):
            note = {one: write.row.get(one) for one in _IN_HISTORY}
            self._note("OpportunityHistory", write, note)
        if not write.creating:
            for one in sorted(self._settings.tracked_fields):
                self._track(write, one)
        if write.fields.get("ContactId"):
            role = {
                "OpportunityId": write.row["Id"],
                "ContactId": write.fields["ContactId"],
                "IsPrimary": True,
            }
            self._tables.create("OpportunityContactRole", role, user=write.user)

    def deleted(self, name: str, row: Row, *, user: str) -> None:
        """Roles go to the bin with their opportunity; its histories are gone."""
        for role in self._roles(row):
            role["IsDeleted"] = True
            self._tables.touch(role, user=user)
        for kind in _VANISH:
            history = self._tables.stored(kind)
            gone = [k for k, r in history.items() if r["OpportunityId"] == row["Id"]]
            for key in gone:
                del history[key]

    def undeleted(self, name: str, row: Row, *, user: str) -> None:
        """Roles come back with their opportunity: no other way leads into the bin."""
        for role in self._roles(row):
            role["IsDeleted"] = False
            self._tables.touch(role, user=user)

    def _roles(self, row: Row) -> list[dict[str, Any]]:
        roles = self._tables.stored("OpportunityContactRole").values()
        return [role for role in roles if role["OpportunityId"] == row["Id"]]

    def _track(self, write: Write, name: str) -> None:
        if not write.changes(name):
            return
        known = self._tables.schema["Opportunity"].fields[name]
        values = {
            "Field": name,
            "DataType": known.type.capitalize(),
            "OldValue": write.before.get(name),
            "NewValue": write.row.get(name),
        }
        self._note("OpportunityFieldHistory", write, values)

    def _note(self, kind: str, write: Write, values: dict[str, Any]) -> None:
        whose = {"OpportunityId": write.row["Id"], "CreatedById": write.user}
        self._tables.load(kind, [{**values, **whose}])

    def _stage(self, label: str) -> Row:
        for stage in self._tables.held("OpportunityStage").values():
            if stage["MasterLabel"] == label:
                return stage
        return {}


class Roles(Behaviour):
    """One primary role per opportunity: a second demotes the first, silently."""

    objects = frozenset({"OpportunityContactRole"})

    def __init__(self, tables: Tables) -> None:
        """Demotes rows of these tables."""
        self._tables = tables

    def follow(self, write: Write) -> None:
        """The other roles of the opportunity are no longer primary."""
        if not write.row.get("IsPrimary"):
            return
        others = [
            one["Id"]
            for one in self._tables.held("OpportunityContactRole").values()
            if one["OpportunityId"] == write.row["OpportunityId"]
            and one["Id"] != write.row["Id"]
            and one["IsPrimary"]
        ]
        for one in others:
            self._tables.stored("OpportunityContactRole")[one]["IsPrimary"] = False

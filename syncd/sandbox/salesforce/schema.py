"""Per-object metadata: drives describe, enforcement and what SOQL may filter."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

PREFIXES: Final = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "OpportunityHistory": "008",
    "Organization": "00D",
    "UserRole": "00E",
    "Group": "00G",
    "OpportunityContactRole": "00K",
    "Lead": "00Q",
    "Task": "00T",
    "Event": "00U",
    "Profile": "00e",
    "RecordType": "012",
    "OpportunityFieldHistory": "017",
    "OpportunityStage": "01J",
    "TaskStatus": "01Y",
    "QueueSobject": "03g",
    "EventRelation": "0RE",
    "TaskRelation": "0RT",
    "Case": "500",
}
_AFFECTLAYER: Final = (
    "affectlayer__chorus_call_id__c",
    "affectlayer__affectlayer_call_id__c",
)
_MADE_BY_CHORUS: Final = "affectlayer__IsCreatedByChorusZI__c"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field's metadata, as describe tells it."""

    name: str
    type: str
    createable: bool = False
    updateable: bool = False
    filterable: bool = False
    nillable: bool = False
    length: int = 0
    to: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    external_id: bool = False

    @property
    def relationship(self) -> str:
        """Name under which the parent is reached in a query."""
        return self.name.removesuffix("Id") if self.type == "reference" else ""

    @cached_property
    def described(self) -> Mapping[str, Any]:
        """The field as ``describe`` answers it."""
        return {
            "name": self.name,
            "label": self.name,
            "type": self.type,
            "createable": self.createable,
            "updateable": self.updateable,
            "filterable": self.filterable,
            "sortable": self.filterable,
            "nillable": self.nillable,
            "length": self.length,
            "referenceTo": list(self.to),
            "relationshipName": self.relationship or None,
            "externalId": self.external_id,
            "custom": self.name.endswith("__c"),
            "restrictedPicklist": bool(self.values),
            "picklistValues": [
                {"value": v, "label": v, "active": True, "defaultValue": False}
                for v in self.values
            ],
        }


@dataclass(frozen=True, kw_only=True)
class ObjectType:
    """One object's metadata."""

    name: str
    fields: dict[str, Field] = field(default_factory=dict)

    @property
    def is_activity(self) -> bool:
        """Task or Event."""
        return self.name in {"Task", "Event"}

    def named(self, name: str) -> Field | None:
        """A field by its name, letter case aside."""
        return self.fields.get(name) or next(
            (f for f in self.fields.values() if f.name.lower() == name.lower()), None
        )


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    text = (files("syncd.sandbox.salesforce") / "objects.json").read_text()
    return dict(json.loads(text))


def build_schema(*, affectlayer: bool, key_field: str) -> dict[str, ObjectType]:
    """Metadata of one org: the shipped objects plus its own activity fields."""
    objects = {
        name: ObjectType(
            name=name, fields={n: _field(n, data) for n, data in fields.items()}
        )
        for name, fields in _shipped().items()
    }
    if affectlayer:
        objects["Contact"].fields[_MADE_BY_CHORUS] = Field(
            name=_MADE_BY_CHORUS,
            type="boolean",
            createable=True,
            updateable=True,
            filterable=True,
        )
    custom = [(name, False) for name in _AFFECTLAYER if affectlayer]
    if key_field:
        custom.append((key_field, True))
    for name in ("Task", "Event"):
        for custom_name, external in custom:
            objects[name].fields[custom_name] = Field(
                name=custom_name,
                type="string",
                createable=True,
                updateable=True,
                filterable=True,
                nillable=True,
                length=255,
                external_id=external,
            )
    return objects


def _field(name: str, data: dict[str, Any]) -> Field:
    flags = data.get("flags", "")
    return Field(
        name=name,
        type=data["type"],
        createable="c" in flags,
        updateable="u" in flags,
        filterable="f" in flags,
        nillable="n" in flags,
        length=data.get("length", 0),
        to=tuple(data.get("to", ())),
        values=tuple(data.get("values", ())),
    )

"""Names under which an object's children are reached: in queries, describe, trees.

Source: the childRelationships of a real org's describe calls.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from syncd.sandbox.salesforce.schema import Field, ObjectType

_NAMES: Final = {
    ("Account", "ParentId"): "ChildAccounts",
    ("Case", "AccountId"): "Cases",
    ("Case", "ContactId"): "Cases",
    ("Case", "ParentId"): "Cases",
    ("Contact", "AccountId"): "Contacts",
    ("Event", "WhatId"): "Events",
    ("Event", "WhoId"): "Events",
    ("EventRelation", "EventId"): "EventRelations",
    ("EventRelation", "RelationId"): "EventRelations",
    ("Opportunity", "AccountId"): "Opportunities",
    ("OpportunityContactRole", "ContactId"): "OpportunityContactRoles",
    ("OpportunityContactRole", "OpportunityId"): "OpportunityContactRoles",
    ("OpportunityFieldHistory", "OpportunityId"): "Histories",
    ("OpportunityHistory", "OpportunityId"): "OpportunityHistories",
    ("Task", "WhatId"): "Tasks",
    ("Task", "WhoId"): "Tasks",
}


def children_of(
    schema: Mapping[str, ObjectType], parent: str
) -> Iterator[tuple[str, ObjectType, Field]]:
    """Relationship name, child object and referring field, for each child."""
    for (child, field), name in _NAMES.items():
        found = schema[child].fields.get(field) if child in schema else None
        if found is not None and parent in found.to:
            yield name, schema[child], found

"""Every behaviour of an org, set up as its settings say."""

from syncd.sandbox.salesforce.behaviours.activities import Activities
from syncd.sandbox.salesforce.behaviours.duplicates import (
    AssignmentRules,
    DuplicateRules,
)
from syncd.sandbox.salesforce.behaviours.events import Events
from syncd.sandbox.salesforce.behaviours.opportunities import Opportunities, Roles
from syncd.sandbox.salesforce.behaviours.owners import Owners
from syncd.sandbox.salesforce.behaviours.tasks import Tasks
from syncd.sandbox.salesforce.settings import OrgSettings
from syncd.sandbox.salesforce.table import Tables


def set_up(tables: Tables, settings: OrgSettings) -> None:
    """Let an org behave as its settings say from now on."""
    tables.behaviours = (
        AssignmentRules(settings),
        Owners(tables, settings),
        Tasks(tables),
        Events(),
        Activities(tables),
        Opportunities(tables, settings),
        Roles(tables),
        DuplicateRules(tables, settings),
    )

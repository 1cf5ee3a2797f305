"""Every behaviour of an org, set up as its settings say."""

from syncd.sandbox.salesforce.behaviours.activities import Activities
from syncd.sandbox.salesforce.behaviours.duplicates import (
    AssignmentRules,
    DuplicateRules,
)
from syncd.sandbox.salesforce.behaviours.events import Events
from syncd.sandbox.salesforce.behaviours.invitees import GroupEvents, Invitations
from syncd.sandbox.salesforce.behaviours.opportunities import Opportunities, Roles
from syncd.sandbox.salesforce.behaviours.owners import Owners
from syncd.sandbox.salesforce.behaviours.series import Series
from syncd.sandbox.salesforce.behaviours.sharing import (
    RelationRows,
    SharedActivities,
    share,
)
from syncd.sandbox.salesforce.behaviours.tasks import Tasks
from syncd.sandbox.salesforce.settings import OrgSettings
from syncd.sandbox.salesforce.table import Tables
from syncd.sandbox.salesforce.write import Behaviour


def set_up(tables: Tables, settings: OrgSettings) -> None:
    """Let an org behave as its settings say from now on."""
    sharing: tuple[Behaviour, ...] = ()
    if settings.shared_activities:
        share(tables)
        sharing = (SharedActivities(tables, settings), RelationRows(tables))
    tables.behaviours = (
        AssignmentRules(settings),
        Owners(tables, settings),
        Series(tables),
        Tasks(tables),
        Events(),
        Activities(tables),
        Opportunities(tables, settings),
        Roles(tables),
        DuplicateRules(tables, settings),
        Invitations(tables),
        GroupEvents(tables),
        *sharing,
    )

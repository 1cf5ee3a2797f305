"""What findings and records come to, for tables of cases."""

from syncd.identity.directory import Directory
from syncd.interactions.build import build_interactions


def change_of(findings):
    """The one change of the one finding."""
    (finding,) = findings
    (change,) = finding.changes
    return change


def refusal_of(findings):
    """Why the one finding has no change."""
    (finding,) = findings
    assert finding.changes == ()
    return finding.why_not


def interactions(world):
    """The world's interactions."""
    records, org = world.records(), world.context()
    return build_interactions(
        records, org=org, directory=Directory(records=records, org=org), now=world.now
    )


def only(world):
    """The one interaction there is."""
    (interaction,) = interactions(world)
    return interaction

"""Faults planted in the log of a call."""

from syncd.sandbox.world.org import OrgBuilder, Row


def plant_call_faults(
    build: OrgBuilder, row: Row, account: Row, note: str, disposition: str
) -> None:
    """Break a call's Task in the ways that people and tools do, at the knobs' rates."""
    task_id = row["Id"]
    if build.chance(build.knobs.who_missing):
        person, row["WhoId"] = row["WhoId"], None
        build.plant("activity-related-to-contact", "Task", task_id, "WhoId", person)
    if build.chance(build.knobs.owned_by_tool):
        row["OwnerId"] = build.tool
        owner = account["rep"]["id"]
        build.plant("activity-assigned-to-host", "Task", task_id, "OwnerId", owner)
    if build.chance(build.knobs.left_open):
        row.update(Status="Open", CompletedDateTime=None)
        build.plant("activity-completed", "Task", task_id, "Status", "Completed")
    if build.chance(build.knobs.disposition_missing):
        row["CallDisposition"] = None
        rule = "call-disposition"
        build.plant(rule, "Task", task_id, "CallDisposition", disposition)
    if build.chance(build.knobs.notes_missing):
        row["Description"] = None
        build.plant("call-notes", "Task", task_id, "Description", note)

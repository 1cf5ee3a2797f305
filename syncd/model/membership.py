"""The base: who both systems were last seen to have on an opportunity."""

from collections.abc import Mapping

import msgspec


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """One opportunity's people as both sides were last seen.

    Someone on both sides is agreed; someone on one side alone was seen there and
    never on the other. Whoever was on neither side at the last look is not in it.

    Attributes:
        opportunity_id: Salesforce's id.
        twin_id: The opportunity in Outreach; with another one the base is void.
        salesforce: Contact ids seen in Salesforce, sorted.
        outreach: Contact id → id of the prospect by which it was seen in Outreach.
        primary: The primary contact that both sides last agreed on; empty = nobody;
            None = they never agreed about it.
    """

    opportunity_id: str
    twin_id: str
    salesforce: tuple[str, ...] = ()
    outreach: Mapping[str, str] = {}
    primary: str | None = None

"""Settings that more than one rule reads."""

from syncd.model.finding import Mode
from syncd.model.policy import RuleSettings


class OpportunityHasContactSettings(
    RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Settings of ``opportunity-has-contact``.

    Attributes:
        interactions: Interactions about the opportunity that prove a contact.
        successor_types: Opportunity types that take over the previous one's contacts.
        propose_everyone_met: Also propose people met twice beside existing roles.
    """

    mode: Mode = Mode.AUTO
    interactions: int = 1
    successor_types: tuple[str, ...] = ("Renewal", "Add-On Business", "Add-On")
    propose_everyone_met: bool = True

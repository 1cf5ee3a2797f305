"""Who is missing from an opportunity in Salesforce."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from syncd.membership.people import (
    role_holders,
    role_key,
    same_account,
    survivor,
    was_taken_off,
)
from syncd.model.entities import Contact, Opportunity
from syncd.model.finding import Evidence, Expectation, Mode, ProposedChange
from syncd.model.interaction import (
    STRONG_KEYS,
    Interaction,
    InteractionStatus,
    Participant,
)
from syncd.model.record import RecordRef
from syncd.model.rule import RuleContext
from syncd.model.view import AccountView
from syncd.rules._kit import in_segment, is_settling, salesforce_ref
from syncd.rules._settings import OpportunityHasContactSettings

CONVERSION: Final = "conversion"
PREDECESSOR: Final = "predecessor"
MET: Final = "met"
_CERTAIN: Final = 0.995
_LIKELY: Final = 0.9
_MEETINGS_BESIDE_ROLES: Final = 2


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A contact that belongs on an opportunity and has no role there."""

    contact: Contact
    source: str
    mode: Mode
    confidence: float
    reason: str
    evidence: tuple[Evidence, ...]


def create_role(
    opportunity: Opportunity,
    missing: Missing,
    *,
    role: str | None = None,
    after_keys: tuple[str, ...] = (),
) -> ProposedChange:
    """The change that puts a contact on an opportunity in Salesforce.

    The role stays empty unless another system holds it, and the primary flag is
    never moved.
    """
    after = {
        "opportunity_id": opportunity.id,
        "contact_id": missing.contact.id,
        "is_primary": False,
    }
    return ProposedChange(
        target=salesforce_ref("OpportunityContactRole", ""),
        operation="create",
        natural_key=role_key(opportunity.id, missing.contact.id),
        after=after | ({"role": role} if role else {}),
        also=(
            Expectation(
                ref=salesforce_ref("Opportunity", opportunity.id),
                fields={"is_closed": False, "account_id": opportunity.account_id},
            ),
            Expectation(
                ref=salesforce_ref("Contact", missing.contact.id),
                fields={"account_id": missing.contact.account_id},
            ),
        ),
        after_keys=after_keys,
        mode=missing.mode,
        confidence=missing.confidence,
        reason=missing.reason,
        evidence=missing.evidence,
        account_id=opportunity.account_id,
    )


def settings_of(ctx: RuleContext) -> OpportunityHasContactSettings | None:
    """Settings of ``opportunity-has-contact``; None when the policy switched it off."""
    settings = ctx.policy.rules.get(
        "opportunity-has-contact", OpportunityHasContactSettings()
    )
    return None if settings.mode is Mode.OFF else settings


def missing_contacts(
    view: AccountView, ctx: RuleContext, opportunity: Opportunity
) -> list[Missing]:
    """Contacts that belong on an open opportunity and are not, surest first.

    Nobody whose role was taken off before, and nobody of another account.
    """
    settings = settings_of(ctx)
    if settings is None:
        return []
    holders = role_holders(view, opportunity.id)
    found = {m.contact.id: m for m in _converted(view, opportunity)}
    if not holders and not found:
        found = _best_guess(view, ctx, opportunity, settings)
    elif settings.propose_everyone_met:
        for missing in _met(view, opportunity, at_least=_MEETINGS_BESIDE_ROLES):
            found.setdefault(missing.contact.id, missing)
    wanted = [
        missing
        for missing in found.values()
        if missing.contact.id not in holders
        and same_account(missing.contact, opportunity)
        and not was_taken_off(view, opportunity.id, missing.contact.id)
    ]
    return sorted(wanted, key=lambda m: (-m.confidence, m.contact.id))


def planned_contacts(
    view: AccountView, ctx: RuleContext, opportunity: Opportunity
) -> dict[str, Contact]:
    """Contacts that ``opportunity-has-contact`` adds unattended in this same plan."""
    settings = settings_of(ctx)
    if settings is None or settings.mode is not Mode.AUTO:
        return {}
    theirs = RuleContext(policy=ctx.policy, settings=settings)
    covered = in_segment(
        view, theirs, opportunity=opportunity, owner_id=opportunity.owner_id
    )
    if not covered or is_settling(view, theirs, opportunity.created_at):
        return {}
    return {
        missing.contact.id: missing.contact
        for missing in missing_contacts(view, ctx, opportunity)
        if missing.mode is Mode.AUTO
    }


def _converted(view: AccountView, opportunity: Opportunity) -> list[Missing]:
    found = []
    for lead in sorted(view.leads.values(), key=lambda lead: lead.id):
        if lead.converted_opportunity_id != opportunity.id:
            continue
        contact = view.contacts.get(survivor(view, lead.converted_contact_id or ""))
        if contact is not None:
            says = f"was converted into this opportunity with {contact.name}"
            found.append(
                Missing(
                    contact=contact,
                    source=CONVERSION,
                    mode=Mode.AUTO,
                    confidence=0.999,
                    reason="the lead that became this opportunity became this contact",
                    evidence=(
                        Evidence(ref=salesforce_ref("Lead", lead.id), says=says),
                    ),
                )
            )
    return found


def _best_guess(
    view: AccountView,
    ctx: RuleContext,
    opportunity: Opportunity,
    settings: OpportunityHasContactSettings,
) -> dict[str, Missing]:
    """Who should be on an opportunity that has nobody: automatic only if unique."""
    met = _met(view, opportunity, at_least=1)
    before = _of_predecessor(view, opportunity, settings)
    found = {m.contact.id: m for m in (*before, *met)}
    if len(found) != 1:
        return found
    (missing,) = found.values()
    proven = (
        len(missing.evidence) >= settings.interactions
        if missing.source == MET
        else _recently_active(view, ctx, missing.contact.id)
    )
    if proven and not missing.contact.email_bounced:
        found[missing.contact.id] = Missing(
            contact=missing.contact,
            source=missing.source,
            mode=Mode.AUTO,
            confidence=_CERTAIN,
            reason=missing.reason,
            evidence=missing.evidence,
        )
    return found


def _met(
    view: AccountView, opportunity: Opportunity, *, at_least: int
) -> list[Missing]:
    """Contacts of the account who took part in what belongs to the opportunity."""
    seen: dict[str, list[Evidence]] = {}
    for interaction in view.interactions_about.get(opportunity.id, ()):
        if not _took_place(view, interaction):
            continue
        says = f"took part on {interaction.starts_at.date().isoformat()}"
        evidence = Evidence(ref=_proof(interaction), says=says)
        for contact_id in sorted({c for p in interaction.external for c in _who(p)}):
            seen.setdefault(contact_id, []).append(evidence)
    found = []
    for contact_id, proven in sorted(seen.items()):
        contact = view.contacts.get(contact_id)
        if contact is None or len(proven) < at_least:
            continue
        if same_account(contact, opportunity):
            found.append(
                Missing(
                    contact=contact,
                    source=MET,
                    mode=Mode.REVIEW,
                    confidence=_LIKELY,
                    reason=f"took part in {len(proven)} interaction(s) about it",
                    evidence=tuple(proven),
                )
            )
    return found


def _who(person: Participant) -> tuple[str, ...]:
    """The one contact a person surely is, if that person was there."""
    sure = person.matched_by in STRONG_KEYS and person.attended is not False
    return (person.contact_id,) if sure and person.contact_id is not None else ()


def _proof(interaction: Interaction) -> RecordRef:
    return (interaction.proof or interaction.refs)[0]


def _took_place(view: AccountView, interaction: Interaction) -> bool:
    """Held by proof, or logged as done by a person where no system knows better."""
    if interaction.status is InteractionStatus.HELD:
        return True
    if interaction.status is not InteractionStatus.UNKNOWN:
        return False
    logs = [view.activities[ref] for ref in interaction.refs if ref in view.activities]
    return len(logs) == len(interaction.refs) and any(
        log.is_closed or (log.ends_at is not None and log.ends_at <= view.now)
        for log in logs
    )


def _of_predecessor(
    view: AccountView, opportunity: Opportunity, settings: OpportunityHasContactSettings
) -> list[Missing]:
    """Contacts of the account's previous opportunity, for renewals and add-ons."""
    kind = (opportunity.type or "").casefold()
    if kind not in {name.casefold() for name in settings.successor_types}:
        return []
    previous = _predecessor(view, opportunity)
    if previous is None:
        return []
    contacts = (
        view.contacts.get(contact_id)
        for contact_id in sorted(role_holders(view, previous.id))
    )
    says = f"was on {previous.name}"
    return [
        Missing(
            contact=contact,
            source=PREDECESSOR,
            mode=Mode.REVIEW,
            confidence=_LIKELY,
            reason="was a contact of the account's previous opportunity",
            evidence=(
                Evidence(ref=salesforce_ref("Opportunity", previous.id), says=says),
            ),
        )
        for contact in contacts
        if contact is not None and same_account(contact, opportunity)
    ]


def _predecessor(view: AccountView, opportunity: Opportunity) -> Opportunity | None:
    earlier = [
        other
        for other in view.opportunities.values()
        if other.account_id == opportunity.account_id
        and other.id != opportunity.id
        and other.is_won
        and other.created_at is not None
        and opportunity.created_at is not None
        and other.created_at < opportunity.created_at
        and role_holders(view, other.id)
    ]
    return max(earlier, key=lambda o: (o.created_at, o.id), default=None)


def _recently_active(view: AccountView, ctx: RuleContext, contact_id: str) -> bool:
    since = view.now - timedelta(days=ctx.policy.defaults.since_days)
    return any(
        contact_id in _who(person)
        for interaction in view.interactions
        if since <= interaction.starts_at <= view.now
        and interaction.status
        not in {InteractionStatus.CANCELLED, InteractionStatus.NO_SHOW}
        for person in interaction.external
    )

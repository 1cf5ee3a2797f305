"""A contact of an opportunity lives under the opportunity's account; report only."""

from collections.abc import Iterator
from typing import Final

from syncd.membership.people import role_holders
from syncd.model.entities import Account, Contact, Opportunity
from syncd.model.finding import Evidence, Finding, Mode, Severity
from syncd.model.mail import domain_of, domain_of_website, registrable_domain
from syncd.model.policy import RuleSettings
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView
from syncd.rules._kit import finding_id, in_segment, owner_email, salesforce_ref

_ID: Final = "contact-under-opportunity-account"
_PRACTICES: Final = ("0.39", "2.51")


class Settings(RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this rule.

    Attributes:
        related_accounts: Contacts of the account's parent or children are fine too.
    """

    mode: Mode = Mode.REPORT
    related_accounts: bool = False


def _check(view: AccountView, ctx: RuleContext) -> Iterator[Finding]:
    for opportunity in sorted(view.records.opportunities, key=lambda o: o.id):
        if opportunity.is_closed or not in_segment(
            view, ctx, opportunity=opportunity, owner_id=opportunity.owner_id
        ):
            continue
        for contact_id in sorted(role_holders(view, opportunity.id)):
            contact = view.contacts.get(contact_id)
            if contact is not None and _is_breach(view, ctx, contact, opportunity):
                yield _finding(view, contact, opportunity)


def _is_breach(
    view: AccountView, ctx: RuleContext, contact: Contact, opportunity: Opportunity
) -> bool:
    own, wanted = contact.account_id, opportunity.account_id
    if wanted is None or own == wanted:
        return False
    if not ctx.settings.related_accounts:
        return True
    return not (_is_parent(view, own, wanted) or _is_parent(view, wanted, own))


def _is_parent(view: AccountView, parent: str | None, child: str | None) -> bool:
    account = view.accounts.get(child or "")
    return account is not None and parent is not None and account.parent_id == parent


def _finding(view: AccountView, contact: Contact, opportunity: Opportunity) -> Finding:
    subject = salesforce_ref("Contact", contact.id)
    accounts = [
        view.accounts.get(i or "") for i in (contact.account_id, opportunity.account_id)
    ]
    evidence = [
        Evidence(
            ref=salesforce_ref("Opportunity", opportunity.id),
            says=f"{opportunity.name} has this contact",
        )
    ]
    for account_id, says in (
        (contact.account_id, "the contact's account"),
        (opportunity.account_id, "the opportunity's account"),
    ):
        if account_id is not None:
            ref = salesforce_ref("Account", account_id)
            evidence.append(Evidence(ref=ref, says=says))
    return Finding(
        id=finding_id(_ID, subject, opportunity.id),
        rule=_ID,
        practices=_PRACTICES,
        severity=Severity.WARNING,
        subject=subject,
        subject_name=contact.name,
        account_id=opportunity.account_id,
        opportunity_id=opportunity.id,
        owner=owner_email(view, opportunity.owner_id),
        message=f"{contact.name} is on {opportunity.name}, of another account.",
        evidence=tuple(evidence),
        why_not="moving a contact to another account is for a person to decide"
        + _likely(contact, [a for a in accounts if a is not None]),
    )


def _likely(contact: Contact, accounts: list[Account]) -> str:
    """Which account the contact's address speaks for, as the end of a sentence."""
    domains = {registrable_domain(domain_of(email)) for email in contact.emails}
    for account in accounts:
        if domain_of_website(account.website) in domains:
            return f"; the address speaks for {account.name}"
    return ""


RULE = RuleSpec(
    id=_ID,
    title="Contacts live under the opportunity's account",
    practices=_PRACTICES,
    severity=Severity.WARNING,
    needs=("salesforce",),
    settings=Settings,
    check=_check,
)

"""Both systems as two tables of roles, and the real rules between them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from syncd.model import entities as e
from syncd.model.finding import Mode, ProposedChange
from syncd.model.membership import Base
from syncd.model.policy import Policy
from syncd.model.rule import RuleSpec
from syncd.model.view import HomeRecords, OrgContext
from syncd.pipeline.judge import Judged, judge
from syncd.rules.contact_on_outreach_opportunity import RULE as TO_OUTREACH
from syncd.rules.prospect_on_salesforce_opportunity import RULE as TO_SALESFORCE

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT, DEAL, TWIN = "001acme", "006deal", "o-deal"
PEOPLE = ("ann", "bob", "cyd")
RULES: tuple[RuleSpec, ...] = (TO_OUTREACH, TO_SALESFORCE)
ORG = OrgContext(configured=frozenset({"salesforce", "outreach"}))
RECORDS = HomeRecords(
    home=ACCOUNT,
    account=e.Account(id=ACCOUNT, name="Acme"),
    contacts=tuple(
        e.Contact(id=f"003{one}", name=one.title(), account_id=ACCOUNT)
        for one in PEOPLE
    ),
    opportunities=(e.Opportunity(id=DEAL, account_id=ACCOUNT),),
    outreach_accounts=(e.OutreachAccount(id="a1", crm_ids=(ACCOUNT,)),),
    prospects=tuple(
        e.Prospect(id=f"p-{one}", account_id="a1", crm_ids=(f"003{one}",))
        for one in PEOPLE
    ),
    outreach_opportunities=(e.OutreachOpportunity(id=TWIN, crm_ids=(DEAL,)),),
)


@dataclass
class Company:
    """Roles on both sides by person; a value says whether it is the primary one.

    Salesforce demotes the former primary contact by itself, Outreach does not.
    """

    salesforce: dict[str, bool] = field(default_factory=dict)
    outreach: dict[str, bool] = field(default_factory=dict)
    bases: dict[str, Base] = field(default_factory=dict)

    def look(self) -> Judged:
        """Judge what both sides show now, and keep what the base becomes."""
        records = replace(
            RECORDS,
            roles=tuple(
                e.ContactRole(
                    id=f"00K{one}",
                    opportunity_id=DEAL,
                    contact_id=f"003{one}",
                    is_primary=leads,
                )
                for one, leads in self.salesforce.items()
            ),
            prospect_roles=tuple(
                e.ProspectRole(
                    id=f"r-{one}",
                    opportunity_id=TWIN,
                    prospect_id=f"p-{one}",
                    is_primary=leads,
                )
                for one, leads in self.outreach.items()
            ),
            bases=self.bases,
        )
        judged = judge(records, org=ORG, policy=Policy(), rules=RULES, now=NOW)
        assert judged.failures == ()
        self.bases = self.bases | {one.opportunity_id: one for one in judged.bases}
        return judged

    def reconcile(self, *, accepting: bool) -> list[ProposedChange]:
        """One pass; the changes that were applied."""
        changes = [c for f in self.look().findings for c in f.changes]
        wanted = [c for c in changes if accepting or c.mode is Mode.AUTO]
        for change in _ordered(wanted):
            self._apply(change)
        return wanted

    def _apply(self, change: ProposedChange) -> None:
        """Write one change, unless what it was decided on has moved: then fail."""
        ours = change.target.system == "salesforce"
        table = self.salesforce if ours else self.outreach
        if change.operation == "create":
            person = str(change.after["contact_id" if ours else "prospect_id"])
            person = person.removeprefix("003").removeprefix("p-")
            assert person not in table
        else:
            person = change.target.id.removeprefix("00K").removeprefix("r-")
            moved = table[person] != change.before["is_primary"]
            # Salesforce may have demoted it already: then it says so, and that is it.
            assert not moved or (ours and table[person] == change.after["is_primary"])
        if change.operation == "delete":
            del table[person]
            return
        leads = bool(change.after["is_primary"])
        if leads and ours:
            table.update(dict.fromkeys(table, False))
        table[person] = leads


def _ordered(changes: Iterable[ProposedChange]) -> list[ProposedChange]:
    """What others wait for comes first."""
    waiting = list(changes)
    done: list[ProposedChange] = []
    while waiting:
        keys = {change.effect_key for change in waiting}
        ready = [c for c in waiting if keys.isdisjoint(c.after_keys)]
        assert ready
        done += ready
        waiting = [change for change in waiting if change not in ready]
    return done

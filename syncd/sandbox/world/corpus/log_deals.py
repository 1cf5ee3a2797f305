"""What Salesforce and Outreach keep of deals: records, histories, contact roles."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syncd.sandbox.salesforce.table import stamp
from syncd.sandbox.world.corpus.chances import days, poisson
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.tools import modified_at
from syncd.sandbox.world.corpus.truth import Deal, Firm, Person, SupportCase
from syncd.sandbox.world.org import OrgBuilder, Row

_COPIED: Final = 0.95
"""Of the contact roles: the share that Outreach's plug-in has copied in."""
_PART: Final = ("Decision Maker", "Evaluator", "Economic Buyer", "Influencer", None)


@dataclass(kw_only=True)
class DealLog:
    """Keeps the records of deals and cases."""

    build: OrgBuilder
    knobs: WorldKnobs

    def write(self, firm: Firm) -> None:
        """All deals and cases of a firm."""
        for deal in firm.deals:
            self._opportunity(deal)
            if self.knobs.history != "none":
                self._stages(deal)
            if self.knobs.history == "full":
                self._owners(deal)
            self._roles(deal)
        for case in firm.cases:
            self._case(case)

    def _opportunity(self, deal: Deal) -> None:
        now, last = self.build.now, deal.steps[-1]
        row: Row = {
            "Id": deal.id,
            "AccountId": deal.firm.id,
            "Name": deal.name,
            "StageName": last.stage,
            "CloseDate": last.close_date.isoformat(),
            "Type": deal.kind,
            "OwnerId": deal.owner.id,
            "LastStageChangeDate": stamp(last.at),
        }
        made = self.build.add_salesforce(
            "Opportunity", row, at=deal.created, by=deal.owners[0][1].id
        )
        changed = modified_at(deal, now, bulk_edits=self.knobs.bulk_edits)
        made.update(LastModifiedDate=stamp(changed), SystemModstamp=stamp(changed))
        deal.outreach = self.build.add_outreach(
            "opportunity",
            {"name": deal.name},
            {
                "account": ("account", deal.firm.outreach),
                "owner": ("user", deal.owner.outreach),
            },
            at=deal.created,
            crm=[("Opportunity", deal.id)],
        )

    def _stages(self, deal: Deal) -> None:
        for step in deal.steps:
            row = {
                "Id": self.build.new_id("008"),
                "OpportunityId": deal.id,
                "StageName": step.stage,
                "CloseDate": step.close_date.isoformat(),
            }
            by = deal.owner_at(step.at).id
            self.build.add_salesforce("OpportunityHistory", row, at=step.at, by=by)

    def _owners(self, deal: Deal) -> None:
        """Two rows a change, one with ids and one with names, as Salesforce has it."""
        for (_, before), (at, after) in zip(deal.owners, deal.owners[1:], strict=False):
            for kind, old, new in (
                ("EntityId", before.id, after.id),
                ("Text", before.name, after.name),
            ):
                row = {
                    "Id": self.build.new_id("017"),
                    "OpportunityId": deal.id,
                    "Field": "Owner",
                    "DataType": kind,
                    "OldValue": old,
                    "NewValue": new,
                }
                self.build.add_salesforce(
                    "OpportunityFieldHistory", row, at=at, by=after.id
                )

    # --- contact roles ----------------------------------------------------------------

    def _roles(self, deal: Deal) -> None:
        wanted = list(self._wanted(deal))
        for place, (person, at) in enumerate(wanted):
            contact = person.contacts[0]
            deal.roles.append((contact, person, at))
            person.roles_on.append(deal)
            row = {
                "Id": self.build.new_id("00K"),
                "OpportunityId": deal.id,
                "ContactId": contact,
                "Role": self.build.random.choice(_PART),
                "IsPrimary": place == 0,
            }
            by = deal.owner_at(at).id
            self.build.add_salesforce("OpportunityContactRole", row, at=at, by=by)
            if person.prospect and self.build.chance(_COPIED):
                self.build.add_outreach(
                    "opportunityProspectRole",
                    {"role": row["Role"], "primary": place == 0},
                    {
                        "opportunity": ("opportunity", deal.outreach),
                        "prospect": ("prospect", person.prospect),
                    },
                    at=at + timedelta(minutes=10),
                )

    def _wanted(self, deal: Deal) -> Iterator[tuple[Person, datetime]]:
        """Who is given a role, and when."""
        random, now = self.build.random, self.build.now
        until = deal.ended or now
        for person in deal.committee:
            if not person.contacts or self.build.chance(self.knobs.roles_missing):
                continue
            at = max(deal.created, person.from_at or deal.created)
            if self.build.chance(self.knobs.roles_late):
                at += days(random, 14, 60)
            if at < until:
                yield person, at.replace(microsecond=0)
        others = [
            person
            for person in deal.firm.people
            if person.contacts and person not in deal.committee
        ]
        for _ in range(poisson(random, self.knobs.roles_wrong)):
            if others:
                person = others.pop(random.randrange(len(others)))
                yield person, deal.created

    def _case(self, case: SupportCase) -> None:
        owner = case.firm.carer.id
        row = {
            "Id": case.id,
            "CaseNumber": case.number,
            "ContactId": case.person.contacts[0],
            "AccountId": case.firm.id,
            "Subject": case.subject,
            "Status": "Closed" if case.closed else "Working",
            "IsClosed": case.closed is not None,
            "ClosedDate": stamp(case.closed) if case.closed else None,
            "OwnerId": owner,
        }
        self.build.add_salesforce("Case", row, at=case.opened, by=owner)

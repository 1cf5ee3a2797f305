"""How people name deals and meetings, by the org's habits of speech."""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.truth import Deal, Firm, SupportCase

KINDS: Final = ("generic", "account", "stage", "deal", "misleading")
OUR_NAME: Final = "Northwind"
NEW, RENEWAL, ADD_ON = "New Business", "Renewal", "Add-On Business"
PRODUCTS: Final = ("Insights", "Connect", "Archive", "Shield", "Studio", "Gateway")

_GENERIC: Final = {
    "dashes": ("Sync", "Quick chat", "Follow-up", "Catch up", "Next steps", "Call"),
    "brackets": ("Touch base", "Check-in", "Meeting", "30 min", "Follow up call"),
    "colons": ("Zoom", "Connect", "Discussion", "Intro", "Status", "Follow-up"),
    "prose": ("Let's talk", "Talking again", "Short call today", "As discussed"),
}
_ACCOUNT: Final = {
    "dashes": ("{firm} - {ours}", "{ours} <> {firm}", "{firm} sync"),
    "brackets": ("[{firm}] check-in", "{ours} / {firm}", "[{firm}] call"),
    "colons": ("{firm}: weekly", "{firm} x {ours}", "{firm}: status"),
    "prose": ("Meeting with {person} of {firm}", "{ours} meets {firm}"),
}
_STAGE: Final = {
    "Discovery": ("Discovery call", "Intro call", "First conversation"),
    "Scoping": ("Scoping workshop", "Requirements", "Use cases"),
    "Technical Evaluation": ("Demo", "Technical deep dive", "Trial check-in"),
    "Proposal": ("Pricing", "Proposal walkthrough", "Quote review"),
    "Negotiating": ("Contract review", "Legal and security", "Order form"),
}
_DEAL: Final = {
    "dashes": ("{firm} - {word}", "{word} - {stage}", "{word} next steps"),
    "brackets": ("[{word}] {stage}", "[{firm}] {word}", "{word} call"),
    "colons": ("{firm}: {word}", "{word}: {stage}", "{word} sync"),
    "prose": ("Talking about {word} with {firm}", "{stage} for {word}"),
}
_CARE: Final = (
    "Quarterly business review",
    "QBR",
    "Admin training",
    "Onboarding session",
    "Health check",
    "User group",
)
_SUPPORT: Final = ("Support call", "Troubleshooting", "Escalation", "Bug follow-up")
_WORDS: Final = {
    NEW: ("{product}", "{product} trial", "{product} evaluation"),
    RENEWAL: ("renewal", "contract renewal", "renewal terms"),
    ADD_ON: ("{product} add-on", "{product}", "expansion"),
}


@dataclass(frozen=True, kw_only=True)
class Titles:
    """Names things in the org's grammar."""

    random: Random
    knobs: WorldKnobs

    def deal_name(self, firm: Firm, kind: str, product: str, year: int) -> str:
        """What a deal's record is called."""
        same = kind == RENEWAL and self.random.random() < self.knobs.same_name
        suffix = "" if same else f" {year}"
        what = {NEW: product, RENEWAL: "Renewal", ADD_ON: f"Add-On {product}"}[kind]
        return {
            "dashes": f"{firm.name} - {what}{suffix}",
            "brackets": f"[{kind}] {firm.name}{'' if same else f' {product} {year}'}",
            "colons": f"{firm.name}: {what}{suffix}",
            "prose": f"{what} for {firm.name}{suffix}",
        }[self.knobs.grammar]

    def words_of(self, kind: str, product: str) -> tuple[str, ...]:
        """What people call a deal when they speak of it."""
        return tuple(one.format(product=product) for one in _WORDS[kind])

    def for_deal(self, deal: Deal, person: str, at: datetime) -> tuple[str, str]:
        """A title for a meeting about a deal, and of what kind it is."""
        (kind,) = self.random.choices(KINDS, self.knobs.titles)
        others = [d for d in deal.firm.deals if d is not deal and d.words != deal.words]
        if kind == "misleading" and not others:
            kind = "generic"
        meant = self.random.choice(others) if kind == "misleading" else deal
        return self._said(kind, meant, person, at), kind

    def _said(self, kind: str, deal: Deal, person: str, at: datetime) -> str:
        grammar = self.knobs.grammar
        step = deal.step_at(at) or deal.steps[0]
        stage = self.random.choice(_STAGE.get(step.stage, ("Next steps",)))
        if kind == "stage":
            return stage
        patterns = {"generic": _GENERIC, "account": _ACCOUNT}.get(kind, _DEAL)[grammar]
        return self.random.choice(patterns).format(
            firm=deal.firm.name,
            ours=OUR_NAME,
            person=person,
            stage=stage,
            word=self.random.choice(deal.words),
        )

    def for_firm(self, firm: Firm, person: str) -> str:
        """A title that fits whatever is going on with a firm."""
        patterns = (*_ACCOUNT[self.knobs.grammar], *_GENERIC[self.knobs.grammar])
        return self.random.choice(patterns).format(
            firm=firm.name, ours=OUR_NAME, person=person
        )

    def for_care(self, firm: Firm, person: str, *, telling: bool) -> str:
        """A title for a meeting that serves no deal."""
        return self.random.choice(_CARE) if telling else self.for_firm(firm, person)

    def for_case(self, case: SupportCase, *, named: bool) -> str:
        """A title for a call about a support case."""
        word = self.random.choice(_SUPPORT)
        return f"{word} {case.number}" if named else word

"""How the second generator's sellers name things: each in a style of their own."""

from dataclasses import dataclass
from random import Random
from typing import Final

from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.truth import Deal, Firm, Staffer, SupportCase

MODULES: Final = (
    "Ledger",
    "Payroll",
    "Forecast",
    "Vault",
    "Portal",
    "Mobile",
    "Bridge",
)
SITES: Final = ("Lyon", "Leeds", "Ohio", "Pune", "Graz")
_PLAIN: Final = (
    ("{me} / {you}", "{you} & {me}", "{me} <-> {you}"),
    ("Meeting", "Follow up", "Call", "Another round"),
    ("Tuesday slot", "30 minutes", "Coffee, virtual", "Talk"),
    ("your questions", "where we are", "as agreed", "next week"),
)
_FIRM: Final = (
    "{firm}",
    "{firm} w/ {me}",
    "Prep + call {firm}",
    "{firm} // us",
    "{short} touchpoint",
)
_STEP: Final = {
    "Discovery": ("first look", "getting to know each other", "pain points"),
    "Scoping": ("scope", "what you need", "process mapping"),
    "Technical Evaluation": ("POC week 1", "sandbox walkthrough", "security Q&A"),
    "Proposal": ("numbers", "commercials", "offer v2"),
    "Negotiating": ("redlines", "procurement", "signature"),
}
_TOPIC: Final = ("{word}", "{short} {word}", "{word}: {step}", "{word} w/ {you}")
_CARE: Final = ("How is it going", "Admin hour", "Adoption review", "Roadmap preview")
_TROUBLE: Final = ("issue", "not working", "help needed", "fix follow-up")


@dataclass(frozen=True, kw_only=True)
class SellerTitles:
    """Names deals as the org does, and meetings as their host does."""

    random: Random
    knobs: WorldKnobs

    def deal_name(self, firm: Firm, kind: str, module: str, when: str) -> str:
        """What a deal's record is called; ``kind`` is ``first``, ``more`` or ``again``.

        The job that makes renewals names them all alike where the org lets it.
        """
        if kind == "again":
            same = self.random.random() < self.knobs.same_name
            return f"{firm.name} REN" if same else f"{firm.name} REN {when}"
        site = self.random.choice(SITES)
        return f"{firm.name} {module} {site if kind == 'more' else when}"

    def words(self, kind: str, module: str) -> tuple[str, ...]:
        """What people call a deal when they speak of it."""
        if kind == "again":
            return ("renewal", "renewing", "contract extension")
        return (module, f"{module} rollout", f"{module} module")

    def of(self, deal: Deal, host: Staffer, you: str, stage: str) -> tuple[str, str]:
        """A title for a talk about a deal, and of what kind it is."""
        kinds = ("generic", "account", "stage", "deal", "misleading")
        (kind,) = self.random.choices(kinds, self.knobs.titles)
        others = [d for d in deal.firm.deals if d.words != deal.words]
        if kind == "misleading" and not others:
            kind = "generic"
        meant = self.random.choice(others) if kind == "misleading" else deal
        if kind in {"generic", "account"}:
            return self.about_firm(deal.firm, host, you, plain=kind == "generic"), kind
        step = self.random.choice(_STEP.get(stage, ("next steps",)))
        text = step if kind == "stage" else self.random.choice(_TOPIC)
        return self._filled(text, deal.firm, host, you, self._word(meant), step), kind

    def about_firm(
        self, firm: Firm, host: Staffer, you: str, *, plain: bool = False
    ) -> str:
        """A title that tells nothing, or no more than the firm."""
        style = _PLAIN[sum(map(ord, host.name)) % len(_PLAIN)]
        text = self.random.choice(style if plain else _FIRM)
        return self._filled(text, firm, host, you, "", "")

    def care(self, firm: Firm, host: Staffer, you: str, *, telling: bool) -> str:
        """A title for looking after somebody."""
        if telling:
            return self.random.choice(_CARE)
        return self.about_firm(firm, host, you, plain=True)

    def trouble(self, case: SupportCase, *, named: bool) -> str:
        """A title for a talk about something that does not work."""
        text = self.random.choice(_TROUBLE)
        return f"Case {case.number} {text}" if named else text.capitalize()

    def _word(self, deal: Deal) -> str:
        return self.random.choice(deal.words)

    def _filled(
        self, text: str, firm: Firm, host: Staffer, you: str, word: str, step: str
    ) -> str:
        return text.format(
            me=host.name.partition(" ")[0],
            you=you.partition(" ")[0],
            firm=firm.name,
            short=firm.name.split()[0],
            word=word,
            step=step,
        )

"""What should become of both sides, written from the promises and nothing else.

It keeps every look at both sides and decides from that history. It shares no code with
the rules: two sets of people, two primary contacts, and what was seen when.
"""

from dataclasses import dataclass, field


@dataclass
class Side:
    """Who is on the deal in one system, and who is its primary contact."""

    people: set[str] = field(default_factory=set)
    primary: str = ""

    def add(self, person: str) -> None:
        """Put a person on it, not as the primary contact."""
        self.people.add(person)

    def remove(self, person: str) -> None:
        """Take a person off it, with the flag if it was theirs."""
        self.people.discard(person)
        if self.primary == person:
            self.primary = ""

    def copy(self) -> "Side":
        """The same, apart."""
        return Side(set(self.people), self.primary)


@dataclass
class Oracle:
    """Both sides as a faithful reconciliation would leave them."""

    salesforce: Side = field(default_factory=Side)
    outreach: Side = field(default_factory=Side)
    looks: list[tuple[Side, Side]] = field(default_factory=list)

    def reconcile(self, *, accepting: bool) -> None:
        """Look at both sides, do what is automatic, and what a person accepts."""
        now = self.salesforce.copy(), self.outreach.copy()
        ours, theirs = now
        new_there, gone_there = set(), set()
        for person in sorted(ours.people ^ theirs.people):
            here = person in ours.people
            if self._was_on(person, salesforce=not here):
                if here and accepting:
                    self.salesforce.remove(person)
                elif not here and accepting:
                    self.outreach.remove(person)
                    gone_there.add(person)
            elif here:
                new_there.add(person)
                self.outreach.add(person)
            elif accepting:
                self.salesforce.add(person)
        self._lead(ours, theirs, new_there, accepting=accepting)
        self.looks.append(now)

    def _was_on(self, person: str, *, salesforce: bool) -> bool:
        """Whether that side was seen with a person since neither side had them."""
        for ours, theirs in reversed(self.looks):
            if person not in ours.people | theirs.people:
                return False
            if person in (ours if salesforce else theirs).people:
                return True
        return False

    def _lead(
        self, ours: Side, theirs: Side, new_there: set[str], *, accepting: bool
    ) -> None:
        """One primary contact on both sides: the side that changed it is right."""
        if ours.primary == theirs.primary:
            return
        agreed = [a.primary for a, b in self.looks if a.primary == b.primary]
        if agreed and theirs.primary == agreed[-1]:
            self._lead_there(ours.primary, theirs, new_there)
        elif agreed and ours.primary == agreed[-1]:
            if accepting and not self._left(ours.primary, theirs, salesforce=False):
                self._lead_here(theirs.primary, ours)
        else:
            first = not agreed and not theirs.primary and ours.primary in new_there
            self._lead_undecided(ours, theirs, nobody_displaced=first, asked=accepting)

    def _lead_undecided(
        self, ours: Side, theirs: Side, *, nobody_displaced: bool, asked: bool
    ) -> None:
        """Neither side is known to be right: Salesforce, unless it names nobody."""
        if nobody_displaced:
            self.outreach.primary = ours.primary
        elif asked and ours.primary in theirs.people:
            # Whether the present one stays on it at all is decided first.
            if not self._left(theirs.primary, ours, salesforce=True):
                self.outreach.primary = ours.primary
        elif asked and not ours.primary:
            self._lead_here(theirs.primary, ours)

    def _left(self, person: str, side: Side, *, salesforce: bool) -> bool:
        """Whether a side has lost a person that it was seen with."""
        is_here = not person or person in side.people
        return not is_here and self._was_on(person, salesforce=salesforce)

    def _lead_there(self, wanted: str, theirs: Side, new_there: set[str]) -> None:
        taken_off = theirs.primary not in self.salesforce.people
        if wanted == "" and not taken_off:
            self.outreach.primary = ""
        elif wanted in theirs.people | new_there:
            self.outreach.primary = wanted

    def _lead_here(self, wanted: str, ours: Side) -> None:
        if wanted == "" or wanted in ours.people:
            self.salesforce.primary = wanted

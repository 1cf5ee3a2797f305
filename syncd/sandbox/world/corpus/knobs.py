"""What makes one world differ from another, and the files that say it."""

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from syncd.errors import ConfigError, Problem

Rate = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[float, msgspec.Meta(ge=0, le=50)]
Rule = Literal["none", "recent_created", "recent_updated", "most_roles", "only_one"]
"""How a tool picks an opportunity; ``tools`` says whose published rule each is."""

_SUM: Final = 1e-6


class WorldKnobs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates of what happens and of how it is recorded; defaults are a middling org.

    Attributes:
        generator: ``deals`` draws the meetings of each deal, ``sellers`` plays
            sellers' days one after the other.
        grammar: Which of the ways to name deals and meetings the org has.
        open_deals: Share of firms with one, two, … six open deals today.
        past_deals: Mean number of deals per firm that are closed today.
        prospects: Share of firms that have never bought.
        same_name: Share of renewals named as the one before, year after year.
        renewal_ahead: Share of renewals whose record is made a year ahead, by a job.
        carer_owns: Share of renewals and add-ons owned by the firm's carer.
        owner_changes: Share of deals that change hands while they are open.
        stale: Share of firms with a deal that everybody forgot to close.
        created_late: Share of deals whose record is made after the first meetings.
        reopened: Share of closed deals that were closed once before by mistake.
        lost_then_new: Share of lost deals that are tried again under a new record.
        committee: Fewest and most people who decide on a deal.
        overlap: Chance that a person decides on a firm's next deal, too.
        outsiders: Share of guests who decide on nothing.
        activity: Meetings, calls and mails per deal and week.
        roles_missing: Share of the committee that has no contact role.
        roles_late: Share of the roles that are made weeks after the first meeting.
        roles_wrong: Contact roles per deal of people who have no part in it.
        moved: Share of people who came from another firm of this world.
        duplicates: Share of people with two contacts of one address.
        agencies: Share of firms that let an agency's people speak for them.
        children: Share of firms that belong to another one.
        free_mail: Share of people who write from a free-mail address.
        plus_tag: Share of addresses that are invited with a plus tag.
        alias: Share of people who are invited under an address Salesforce lacks.
        phone_only: Share of people known by their phone number only.
        unknown: Share of people whom Salesforce does not know.
        unlisted: Share of meetings with a guest who has no address.
        leads: Share of people who are only a lead.
        half_converted: Share of people with a contact whose lead is still open.
        threads: Share of mails that answer an earlier one about the same deal; half as
            many meetings are called what the last one was.
        titles: Shares of generic titles, ones that name the firm, ones that speak of
            the stage, ones that speak of the deal, and misleading ones.
        owner_absent: Share of meetings held without the deal's owner.
        joined: Mean number of our own people besides the host.
        series: Share of firms that are met every week or two.
        rescheduled: Share of meetings that took place at another time.
        renamed: Share of meetings that were renamed after tools had read them.
        cancelled: Share of meetings that were called off.
        no_show: Share of meetings to which nobody came.
        crowd: Share of meetings with a room, a bot or a list among the guests.
        private: Private appointments per seller.
        internal: Meetings among ourselves per firm.
        no_target: Customer care meetings, by one about a deal.
        cases: Support cases per firm.
        case_named: Share of a case's calls that name its number.
        recorded: Share of meetings in Chorus.
        logged_by_host: Share of meetings that the host has in Salesforce.
        logged_by_recorder: Share of the recorded ones that Chorus logs.
        related_by_people: Share of people's own records that they relate.
        related_wrongly: Share of those that they relate to another open deal.
        outreach_rule: How Outreach picks the opportunity of a call or mail.
        recorder_rule: How Chorus picks the opportunity of a recording.
        hint_known: Share of calls, mails and recordings for which a tool picks one.
        agendas: Share of invitations with a description by their host.
        notes: Share of people's own records and of calls with a note of substance.
        summaries: Share of recordings with a summary, action items and trackers.
        vague: Share of agendas and notes that do not say which deal it is about.
        vague_summaries: Share of summaries that do not.
        wandering: Share of occasions at which another deal of the firm came up, which
            every text about them mentions.
        wrong_texts: Share of texts that speak of another deal of the firm only.
        bulk_edits: Whether a nightly job edits every open deal.
        history: ``full`` with owners' changes, ``stages`` only, or ``none``.
    """

    generator: Literal["deals", "sellers"] = "deals"
    grammar: Literal["dashes", "brackets", "colons", "prose"] = "dashes"
    # What happens.
    open_deals: tuple[Rate, Rate, Rate, Rate, Rate, Rate] = (
        0.74,
        0.17,
        0.06,
        0.02,
        0.007,
        0.003,
    )
    past_deals: Count = 1.0
    prospects: Rate = 0.35
    same_name: Rate = 0.5
    renewal_ahead: Rate = 0.08
    carer_owns: Rate = 0.5
    owner_changes: Rate = 0.12
    stale: Rate = 0.07
    created_late: Rate = 0.15
    reopened: Rate = 0.05
    lost_then_new: Rate = 0.3
    committee: tuple[int, int] = (2, 5)
    overlap: Rate = 0.25
    outsiders: Rate = 0.04
    activity: Count = 1.0
    roles_missing: Rate = 0.2
    roles_late: Rate = 0.15
    roles_wrong: Rate = 0.04
    moved: Rate = 0.03
    duplicates: Rate = 0.04
    agencies: Rate = 0.08
    children: Rate = 0.12
    free_mail: Rate = 0.03
    plus_tag: Rate = 0.01
    alias: Rate = 0.04
    phone_only: Rate = 0.02
    unknown: Rate = 0.04
    unlisted: Rate = 0.05
    leads: Rate = 0.02
    half_converted: Rate = 0.02
    threads: Rate = 0.5
    titles: tuple[Rate, Rate, Rate, Rate, Rate] = (0.34, 0.18, 0.18, 0.29, 0.01)
    owner_absent: Rate = 0.15
    joined: Count = 0.6
    series: Rate = 0.3
    rescheduled: Rate = 0.08
    renamed: Rate = 0.05
    cancelled: Rate = 0.05
    no_show: Rate = 0.04
    crowd: Rate = 0.15
    private: Count = 2.0
    internal: Count = 0.6
    no_target: Rate = 0.05
    cases: Count = 0.35
    case_named: Rate = 0.5
    # How it is recorded.
    recorded: Rate = 0.55
    logged_by_host: Rate = 0.65
    logged_by_recorder: Rate = 0.6
    related_by_people: Rate = 0.75
    related_wrongly: Rate = 0.04
    outreach_rule: Rule = "recent_created"
    recorder_rule: Rule = "most_roles"
    hint_known: Rate = 0.9
    agendas: Rate = 0.35
    notes: Rate = 0.5
    summaries: Rate = 0.85
    vague: Rate = 0.35
    vague_summaries: Rate = 0.25
    wandering: Rate = 0.12
    wrong_texts: Rate = 0.02
    bulk_edits: bool = False
    history: Literal["full", "stages", "none"] = "full"


def load_knobs(path: Path) -> WorldKnobs:
    """The settings of a world; what a file leaves out keeps its default.

    Raises:
        ConfigError: No such file, not TOML, an unknown knob, or a value out of range.
    """
    try:
        knobs = msgspec.toml.decode(path.read_bytes(), type=WorldKnobs)
    except (OSError, msgspec.DecodeError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise _refusal(path, what) from None
    for name, shares in (("open_deals", knobs.open_deals), ("titles", knobs.titles)):
        if abs(sum(shares) - 1) > _SUM:
            raise _refusal(path, f"the shares of {name} do not make 1")
    fewest, most = knobs.committee
    if not 1 <= fewest <= most:
        raise _refusal(path, "committee is fewest and most people, at least one")
    return knobs


def _refusal(path: Path, what: str) -> ConfigError:
    remedy = "see docs/sandbox/worlds.md for the knobs of a world"
    return ConfigError([Problem(where=str(path), what=what, remedy=remedy)])

"""Which home a record's keys lead to, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from syncd.mirror.filing import COMPANY, HELD, JOINED, NOWHERE, Keys
from syncd.model.mail import domain_of, registrable_domain
from syncd.model.record import RecordRef

_LEADS: Final = {
    "sf": "a Salesforce id",
    "mail": "an e-mail address",
    "site": "an account's website",
    "oa": "its account in Outreach",
    "op": "its prospect in Outreach",
    "oo": "its opportunity in Outreach",
    "log": "the call that it logs",
    "recording": "its recording",
    "logged": "the activity that logs it",
    "uid": "its calendar event",
    "held": "the meeting that its owner held then",
}
"""What a key of each kind is called where a person reads why."""
_OWN_HOME: Final = "record:"


def choose_home(
    ref: RecordRef,
    keys: Keys,
    homes_of: Mapping[str, Sequence[str]],
    *,
    own_domains: frozenset[str],
    free_mail: frozenset[str],
) -> tuple[str, str]:
    """The home and, in a sentence, why.

    Args:
        ref: The record.
        keys: Its keys.
        homes_of: Homes behind each key it looks up; several where two records define
            one key.
        own_domains: Our own e-mail domains; their addresses never decide.
        free_mail: Domains that stand for nobody.
    """
    if keys.own_home:
        return keys.own_home, "it is the account"
    companies = _companies(keys, homes_of)
    for tier in sorted(set(keys.looks_up.values())):
        found: Counter[str] = Counter()
        for key, its_tier in keys.looks_up.items():
            if its_tier == tier and not says_nothing(key, own_domains, free_mail):
                found.update(home for home in set(homes_of.get(key, ())) if home)
        if tier in {JOINED, HELD, COMPANY} and not _is_clear(found):
            continue
        if found:
            # The same answer in every order.
            home = min(found, key=lambda one: (-found[one], one not in companies, one))
            names = sorted(k for k in keys.looks_up if home in homes_of.get(k, ()))
            return home, f"{_LEADS[names[0].partition(':')[0]]} leads to it"
    return _without_account(ref, keys, own_domains=own_domains, free_mail=free_mail)


def _is_clear(found: Counter[str]) -> bool:
    """Whether the other records lie in one home, and not merely in their own."""
    return len(found) == 1 and not next(iter(found)).startswith(_OWN_HOME)


def _companies(keys: Keys, homes_of: Mapping[str, Sequence[str]]) -> set[str]:
    """Accounts that alone have the website of somebody's domain."""
    sites = (k for k, tier in keys.looks_up.items() if tier == COMPANY)
    alone = (some for key in sites if len(some := set(homes_of.get(key, ()))) == 1)
    return {home for some in alone for home in some}


def says_nothing(
    key: str, own_domains: frozenset[str], free_mail: frozenset[str]
) -> bool:
    """Whether a key is an address of our own people, some of whom are contacts too.

    Or the domain of ours, or of a provider whose customers have nothing in common.
    """
    kind, _, name = key.partition(":")
    if kind == "mail":
        return domain_of(name) in own_domains
    return kind == "site" and name in own_domains | free_mail


def _without_account(
    ref: RecordRef,
    keys: Keys,
    *,
    own_domains: frozenset[str],
    free_mail: frozenset[str],
) -> tuple[str, str]:
    external = sorted(
        one for one in keys.addresses if domain_of(one) not in own_domains
    )
    if external:
        domains = sorted({registrable_domain(domain_of(one)) for one in external})
        companies = [one for one in domains if one not in free_mail]
        if companies:
            return f"domain:{companies[0]}", "no account, an e-mail domain"
        return f"mail:{external[0]}", "no account, a free-mail address"
    if keys.addresses:
        return NOWHERE, "only our own people take part"
    return f"{_OWN_HOME}{ref}", "nothing leads to an account"

"""E-mail addresses and domains, as identity and filing compare them."""

from functools import cache
from typing import Final

from publicsuffixlist import PublicSuffixList

_LONGEST_ADDRESS: Final = 320  # 64 + @ + 255: RFC 5321, section 4.5.3.1
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})
FREE_MAIL: Final[frozenset[str]] = frozenset(
    [
        "126.com",
        "163.com",
        "aim.com",
        "aol.com",
        "att.net",
        "bigpond.com",
        "bluewin.ch",
        "btinternet.com",
        "charter.net",
        "comcast.net",
        "cox.net",
        "earthlink.net",
        "fastmail.com",
        "free.fr",
        "gmail.com",
        "gmx.at",
        "gmx.ch",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hey.com",
        "hotmail.co.uk",
        "hotmail.com",
        "hotmail.de",
        "hotmail.es",
        "hotmail.fr",
        "hotmail.it",
        "icloud.com",
        "inbox.com",
        "laposte.net",
        "libero.it",
        "live.co.uk",
        "live.com",
        "live.fr",
        "live.nl",
        "mac.com",
        "mail.com",
        "mail.ru",
        "me.com",
        "msn.com",
        "naver.com",
        "o2.pl",
        "online.de",
        "orange.fr",
        "outlook.com",
        "outlook.de",
        "outlook.es",
        "outlook.fr",
        "pm.me",
        "proton.me",
        "protonmail.ch",
        "protonmail.com",
        "qq.com",
        "rediffmail.com",
        "rocketmail.com",
        "sbcglobal.net",
        "seznam.cz",
        "sfr.fr",
        "sina.com",
        "sky.com",
        "t-online.de",
        "telenet.be",
        "tiscali.it",
        "tutanota.com",
        "verizon.net",
        "virgilio.it",
        "virginmedia.com",
        "wanadoo.fr",
        "web.de",
        "wp.pl",
        "yahoo.ca",
        "yahoo.co.in",
        "yahoo.co.jp",
        "yahoo.co.uk",
        "yahoo.com",
        "yahoo.com.br",
        "yahoo.de",
        "yahoo.es",
        "yahoo.fr",
        "yahoo.it",
        "yandex.com",
        "yandex.ru",
        "ymail.com",
        "zoho.com",
    ]
)
"""Domains whose addresses say nothing about a company."""


def normalise_email(text: str | None) -> str | None:
    """The address trimmed and case-folded; None when it is not one."""
    address = (text or "").strip().casefold()
    local, at, domain = address.rpartition("@")
    if not (at and local and "." in domain) or len(address.split()) > 1:
        return None
    if len(address) > _LONGEST_ADDRESS:
        return None
    return address


def domain_of(email: str) -> str:
    """What stands after the last ``@``."""
    return email.rpartition("@")[2]


def lies_under(domain: str, parents: frozenset[str]) -> bool:
    """Whether a domain is one of these or lies under one."""
    return domain in parents or domain.endswith(_endings(parents))


@cache
def _endings(parents: frozenset[str]) -> tuple[str, ...]:
    return tuple(f".{parent}" for parent in parents)


def plain_mailbox(email: str) -> str:
    """The mailbox behind a normalised address: a weaker key, never proof by itself.

    The ``+tag`` is left out, and the dots that Gmail reads over.
    Source: Gmail Help, "Dots don't matter in Gmail addresses".
    """
    local, _, domain = email.rpartition("@")
    local = local.partition("+")[0]
    if domain in _GMAIL:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def registrable_domain(host: str) -> str:
    """The part of a host that its owner registered: ``mail.acme.co.uk`` → acme.co.uk.

    A public suffix alone, or a name without a dot, comes back as it is.
    """
    return _suffixes().privatesuffix(host) or host


def domain_of_website(website: str | None) -> str:
    """The registrable domain of a web address; empty when there is none."""
    host = (website or "").strip().casefold().partition("://")
    host_and_path = host[2] or host[0]
    name = host_and_path.partition("/")[0].partition(":")[0]
    return registrable_domain(name) if "." in name else ""

"""Conference links: found in any text, unwrapped, ranked, without query strings.

Source: Google Calendar API v3 (conferenceData, hangoutLink, location, description);
the providers' own link shapes.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

_URL: Final = re.compile(r"https?://[^\s\"'<>\\]+")
_WRAPPERS: Final = {
    "www.google.com": "q",
    "google.com": "q",
    "safelinks.protection.outlook.com": "url",
}
_RANKED: Final = (
    ("go.chorus.ai", ""),
    ("zoom.us", r"/(j|my|s|w|wc/join)/"),
    ("zoom.com", r"/(j|my|s|w|wc/join)/"),
    ("zoomgov.com", r"/(j|my|s|w|wc/join)/"),
    ("zoom-x.de", r"/(j|my|s|w|wc/join)/"),
    ("teams.microsoft.com", r"/(l/meetup-join|meet)/"),
    ("teams.live.com", r"/meet/"),
    ("webex.com", r"(/j\.php|/meet/|/join/)"),
    ("meet.google.com", ""),
)


def conference_links(values: Sequence[Any]) -> list[str]:
    """Scheme, host and path of every conference link, best recorder first, once."""
    found: dict[str, int] = {}
    for text in _texts(values):
        for address in _URL.findall(html.unescape(text)):
            link = _unwrapped(address)
            rank = _rank(link)
            if rank is not None:
                parts = urlsplit(link)
                found.setdefault(f"https://{parts.netloc.lower()}{parts.path}", rank)
    return sorted(found, key=lambda link: (found[link], link))


def _texts(value: Any) -> Iterable[str]:  # noqa: ANN401
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _unwrapped(address: str) -> str:
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    for suffix, parameter in _WRAPPERS.items():
        if host == suffix or host.endswith(f".{suffix}"):
            inner = parse_qs(parts.query).get(parameter)
            return inner[0] if inner else address
    return address


def _rank(address: str) -> int | None:
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    for rank, (suffix, path) in enumerate(_RANKED):
        if (host == suffix or host.endswith(f".{suffix}")) and re.search(
            path, parts.path
        ):
            return rank
    return None

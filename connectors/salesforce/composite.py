"""Several reads in one call, and the proof that they are reads.

A composite call counts as one call of the org's allowance and holds up to 25 parts,
5 of them queries. A part has its own status: one that failed tells nothing of the
others, and a ``PROCESSING_HALTED`` is a victim whose cause stands elsewhere.

Source: REST API Developer Guide, "Composite".
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final, Literal
from urllib.parse import urlencode

import msgspec

from connectors.salesforce.client import SYSTEM, Client
from syncd.errors import RetryableError
from syncd.kit.payload import read_json
from syncd.kit.retry import retrying

PARTS: Final = 25
QUERIES: Final = 5
OK: Final = 200
NOT_MODIFIED: Final = 304
# As long as so many single requests may take.
_TIMEOUT_S: Final = (3.05, 300.0)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One GET among several; ``path`` is below the host, without query."""

    path: str
    params: Mapping[str, str] = {}
    if_modified_since: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one part came to; ``body`` is any JSON value."""

    status: int = msgspec.field(name="httpStatusCode")
    reference: str = msgspec.field(name="referenceId")
    body: Any = None


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part that can only be a read: no body, no header that changes a method."""

    method: Literal["GET"]
    url: str
    reference: str = msgspec.field(name="referenceId")
    headers: dict[Literal["If-Modified-Since"], str] = msgspec.field(
        name="httpHeaders", default_factory=dict
    )


class _Composite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    parts: tuple[_Part, ...] = msgspec.field(name="compositeRequest")
    all_or_none: bool = msgspec.field(name="allOrNone")


class _Answers(msgspec.Struct, frozen=True, kw_only=True):
    parts: tuple[Answer, ...] = msgspec.field(name="compositeResponse")


def parts_of(body: bytes) -> Sequence[tuple[str, str]]:
    """Method and path of every part of a composite request.

    Raises:
        ValueError: Not a composite, or something in it that no read needs: another
            method, a body, an unknown key, a reference to another part's result.
    """
    try:
        parts = msgspec.json.decode(body, type=_Composite).parts
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    if any("@{" in part.url for part in parts):
        message = "a part's address is made of another part's result"
        raise ValueError(message)
    return [(part.method, part.url.partition("?")[0]) for part in parts]


def ask_all(client: Client, asks: Sequence[Ask], *, most: int) -> Iterator[Answer]:
    """Answers in the order asked, ``most`` asks to a call.

    Raises:
        RemoteError: A call as a whole was refused, or could not be understood.
    """
    left = iter(asks)
    while some := list(islice(left, most)):
        yield from retrying(partial(_ask, client, some))


def _ask(client: Client, asks: Sequence[Ask]) -> Sequence[Answer]:
    parts = tuple(_part(number, ask) for number, ask in enumerate(asks))
    response = client.send(
        "POST",
        f"{client.root}/composite",
        data=msgspec.json.encode(_Composite(parts=parts, all_or_none=False)),
        headers={"Content-Type": "application/json; charset=UTF-8"},
        timeout=_TIMEOUT_S,
        is_write=False,
    )
    try:
        answers = msgspec.convert(read_json(response.content), _Answers).parts
    except ValueError:
        raise RetryableError(system=SYSTEM, code="malformed_composite") from None
    if [one.reference for one in answers] != [part.reference for part in parts]:
        raise RetryableError(system=SYSTEM, code="malformed_composite")
    return answers


def _part(number: int, ask: Ask) -> _Part:
    query = f"?{urlencode(ask.params)}" if ask.params else ""
    headers: dict[Literal["If-Modified-Since"], str] = {}
    if ask.if_modified_since:
        headers["If-Modified-Since"] = ask.if_modified_since
    return _Part(
        method="GET",
        url=f"{ask.path}{query}",
        reference=f"part{number}",
        headers=headers,
    )

"""What the org's metadata say, kept for the process and looked at again by each poll.

All objects are described in one composite call; what did not change since is answered
with 304 and costs next to nothing.

Source: REST API Developer Guide, "sObject Describe", "Conditional Request Headers".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import format_datetime
from typing import Any, Final

from connectors.salesforce.client import SYSTEM, Client
from connectors.salesforce.composite import (
    NOT_MODIFIED,
    OK,
    PARTS,
    Answer,
    Ask,
    ask_all,
)
from connectors.salesforce.passes import OPTIONAL
from syncd.errors import ConnectorError, RetryableError, SkipRecordError
from syncd.ports.connector import FieldInfo

# Whether a change of one user's rights counts as a change of metadata is not
# documented, so an answer is not renewed by 304 for ever.
_LONGEST: Final = timedelta(hours=1)
_SAFETY: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class _Known:
    fields: Mapping[str, FieldInfo]
    since: str


class Metadata:
    """Fields of every object, as our user sees them."""

    def __init__(self, client: Client, objects: Sequence[str]) -> None:
        """Asks only when needed."""
        self._client = client
        self._objects = objects
        self._known: dict[str, _Known] = {}
        self._asked_at = client.now()

    def of(self, object_name: str) -> Mapping[str, FieldInfo]:
        """Fields that our user may see.

        Raises:
            RemoteError: The org does not say.
        """
        if object_name not in self._known:
            if object_name in self._objects:
                self.refresh()
            else:
                self._learn(object_name, self._client.get(self._path(object_name)))
        return self._known[object_name].fields

    def refresh(self) -> None:
        """Ask for what is not known, and whether the rest still holds.

        Raises:
            RemoteError: The org does not say.
        """
        if self._client.now() - self._asked_at > _LONGEST:
            self.forget()
        answers = self._answers()
        for name in self._objects:
            answer = answers.get(name)
            if answer is not None and answer.status == NOT_MODIFIED:
                continue
            if answer is not None and answer.status == OK:
                self._learn(name, answer.body)
            elif name not in self._known or name not in OPTIONAL:
                # By a request of its own it comes, or says why it does not.
                self._learn(name, self._alone(name))

    def _alone(self, name: str) -> object:
        """One object's description; an optional object that is not there has nothing.

        Raises:
            RemoteError: The org does not say.
        """
        try:
            return self._client.get(self._path(name))
        except (ConnectorError, SkipRecordError):
            if name not in OPTIONAL:
                raise
            return {"fields": []}

    def forget(self) -> None:
        """Believe nothing that was known: it is old, or the org contradicted it."""
        self._known = {}
        self._asked_at = self._client.now()

    def _answers(self) -> Mapping[str, Answer]:
        asks = [
            Ask(
                path=self._path(name),
                if_modified_since=self._known[name].since
                if name in self._known
                else "",
            )
            for name in self._objects
        ]
        try:
            answers = list(ask_all(self._client, asks, most=PARTS))
        except (ConnectorError, SkipRecordError):
            return {}
        return dict(zip(self._objects, answers, strict=True))

    def _learn(self, name: str, body: object) -> None:
        fields = body.get("fields") if isinstance(body, Mapping) else None
        if not isinstance(fields, list):
            raise RetryableError(system=SYSTEM, code="malformed_describe")
        server = (self._client.server_at or self._client.now()) - _SAFETY
        self._known[name] = _Known(
            fields={data["name"]: _field(data) for data in fields},
            since=format_datetime(server.astimezone(UTC), usegmt=True),
        )

    def _path(self, name: str) -> str:
        return f"{self._client.root}/sobjects/{name}/describe"


def _field(data: Mapping[str, Any]) -> FieldInfo:
    return FieldInfo(
        name=data["name"],
        type=data.get("type", ""),
        updateable=data.get("updateable", True),
        createable=data.get("createable", True),
        filterable=data.get("filterable", True),
        nillable=data.get("nillable", True),
        length=data.get("length") or 0,
        external_id=data.get("externalId", False),
        unique=data.get("unique", False),
    )

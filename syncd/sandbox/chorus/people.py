"""Users and teams, in the flat and in the JSON:API style.

Source: Chorus OpenAPI 26.33, ``/v3/users``, ``/api/v1/users``, ``/api/v1/teams``.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from syncd.sandbox.chorus.errors import document, nothing_found
from syncd.sandbox.http import Response

_ALWAYS_SHOWN: Final[Mapping[str, Any]] = {
    "default_meeting_link": None,
    "license_type": "RECORDER",
}

User = dict[str, Any]


class People:
    """Users by id; the first one owns the token. Inactive ones are not listed."""

    def __init__(self) -> None:
        """Nobody."""
        self._users: dict[str, User] = {}
        self._inactive: set[str] = set()

    def add(self, users: Iterable[Mapping[str, Any]]) -> None:
        """Add users as ``/v3/users`` shows them."""
        for user in users:
            shown = {**_ALWAYS_SHOWN, "team_ids": [], "meta": {}, **user}
            self._users[str(user["id"])] = shown

    def edit(self, number: str, fields: Mapping[str, Any]) -> None:
        """Change a user: another licence, another team, no CRM id."""
        self._users[number].update(fields)

    def deactivate(self, number: str) -> None:
        """A user leaves."""
        if number not in self._users:
            raise KeyError(number)
        self._inactive.add(number)

    @property
    def owner_is_active(self) -> bool:
        """Whether the token's user is still there; a token dies with its user."""
        return next(iter(self._users), None) not in self._inactive

    def members(self, teams: Iterable[str]) -> set[str]:
        """Ids of the users of some teams, inactive ones too."""
        wanted = set(teams)
        return {
            number
            for number, user in self._users.items()
            if wanted & {str(team) for team in user["team_ids"]}
        }

    def flat(self) -> list[User]:
        """The array of ``/v3/users``."""
        return [
            user for number, user in self._users.items() if number not in self._inactive
        ]

    def answer(self, which: str) -> Response:
        """All, the token's own, or one by id, as JSON:API.

        Raises:
            RefusalError: 404.
        """
        documents = [_document(user) for user in self.flat()]
        if not which:
            return document({"data": documents})
        wanted = documents[0]["id"] if which == "me" and documents else which
        for one in documents:
            if one["id"] == wanted:
                return document({"data": one})
        raise nothing_found()

    def teams(self) -> Response:
        """Every team that somebody is in."""
        numbers = {str(team) for user in self.flat() for team in user["team_ids"]}
        return document(
            {
                "data": [
                    {"id": one, "type": "team", "attributes": {"name": f"Team {one}"}}
                    for one in sorted(numbers)
                ]
            }
        )


def _document(user: User) -> dict[str, Any]:
    attributes = {k: v for k, v in user.items() if k != "id"}
    return {"id": str(user["id"]), "type": "user", "attributes": attributes}

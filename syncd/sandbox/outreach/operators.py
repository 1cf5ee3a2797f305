"""What people, other tools and operators do behind a caller's back.

Each hook takes ``control(action, body)``'s body:

- ``edit`` (``type``, ``id``, ``attributes``, ``relationships``), ``insert``
  (``type``, ``resource``), ``delete``, ``trash``, ``restore`` (``type``, ``id``),
  ``lock`` (``id`` of a user, ``on``);
- ``hide``, ``protect`` (``type``, ``id``): the token's user may not see it, or not
  change it; ``exclude`` (``emails``);
- ``scopes`` (``scopes``): what tokens are granted from now on; ``authorize``: a code
  for the token call; ``expire_tokens``, ``revoke``, ``uninstall``;
- ``budget`` (``hourly_limit``), ``spend`` (``calls`` of the user's other tools),
  ``maintenance`` (``seconds``), ``switch`` (names and values);
- ``resources`` (``type``), ``state``: what to look at in a test.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from syncd.sandbox.outreach.catalogue import KINDS
from syncd.sandbox.outreach.limits import Limits
from syncd.sandbox.outreach.login import OWNER, Login
from syncd.sandbox.outreach.org import Org
from syncd.sandbox.outreach.switches import Switches
from syncd.sandbox.outreach.writing import Writer

Body = Mapping[str, Any]
Hook = Callable[["Operator", Body], dict[str, Any] | None]


class Operator:
    """Has the run of the whole service."""

    def __init__(
        self,
        org: Org,
        writer: Writer,
        login: Login,
        limits: Limits,
        switches: Switches,
    ) -> None:
        """Over these parts."""
        self._org = org
        self._writer = writer
        self._login = login
        self._limits = limits
        self._switches = switches

    def act(self, action: str, body: Body) -> dict[str, Any]:
        """Do one thing.

        Raises:
            KeyError: An unknown action, type, resource or switch.
        """
        return _HOOKS[action](self, body) or {}

    # --- records ----------------------------------------------------------------------

    def edit(self, body: Body) -> None:
        """Change a resource, read-only fields too."""
        one = self._org.held(*_named(body))
        self._org.edit(one, body.get("attributes", {}), body.get("relationships", {}))

    def insert(self, body: Body) -> dict[str, Any]:
        """Make a resource."""
        made = self._writer.insert(KINDS[str(body["type"])], dict(body["resource"]))
        return {"id": made["id"]}

    def delete(self, body: Body) -> None:
        """Delete for good: polling never shows it."""
        self._org.remove(*_named(body))

    def trash(self, body: Body) -> None:
        """Delete softly: it stays, with ``trashedAt``."""
        now = self._org.now_text()
        self._org.edit(self._org.held(*_named(body)), {"trashedAt": now})

    def restore(self, body: Body) -> None:
        """Take it out of the trash."""
        self._org.edit(self._org.held(*_named(body)), {"trashedAt": None})

    def lock(self, body: Body) -> None:
        """A user has left, or is back."""
        user = self._org.held("user", int(body["id"]))
        self._org.edit(user, {"locked": bool(body.get("on", True))})

    # --- rights -----------------------------------------------------------------------

    def hide(self, body: Body) -> None:
        """Governance keeps a record from the token's user."""
        self._org.hidden.add(_named(body))

    def protect(self, body: Body) -> None:
        """Governance keeps the token's user from changing a record."""
        self._org.protected.add(_named(body))

    def exclude(self, body: Body) -> None:
        """Addresses that no prospect may have."""
        self._org.excluded = frozenset(str(one).casefold() for one in body["emails"])

    def scopes(self, body: Body) -> None:
        """What tokens are granted from now on; those in use end."""
        self._login.scopes = frozenset(body["scopes"])
        self._login.expire_tokens()

    def authorize(self, body: Body) -> dict[str, Any]:
        """A person consents in the browser."""
        return {"code": self._login.authorise()}

    def expire_tokens(self, body: Body) -> None:
        """Every access token ends now."""
        self._login.expire_tokens()

    def revoke(self, body: Body) -> None:
        """The user takes the consent back, then gives it anew."""
        self._login.revoke()

    def uninstall(self, body: Body) -> None:
        """The org removes the app."""
        self._login.uninstall()

    # --- operation --------------------------------------------------------------------

    def budget(self, body: Body) -> None:
        """Another hourly budget."""
        self._limits.hourly = int(body["hourly_limit"])

    def spend(self, body: Body) -> None:
        """Other tools spend calls of the same user."""
        self._limits.count(OWNER, self._org.now(), int(body["calls"]))

    def maintenance(self, body: Body) -> None:
        """The service is closed for a while."""
        seconds = timedelta(seconds=float(body["seconds"]))
        self._limits.closed_until = self._org.now() + seconds

    def switch(self, body: Body) -> None:
        """Turn switches."""
        for name, value in body.items():
            self._switches.turn(name, value)

    def resources(self, body: Body) -> dict[str, Any]:
        """Every resource of a type as stored."""
        return {"resources": self._org.all_of(str(body["type"]))}

    def state(self, body: Body) -> dict[str, Any]:
        """What no careful client ever does, counted by name."""
        return {"critical": dict(self._org.critical)}


_HOOKS: Final[Mapping[str, Hook]] = {
    name: getattr(Operator, name)
    for name in (
        *("edit", "insert", "delete", "trash", "restore", "lock"),
        *("hide", "protect", "exclude"),
        *("scopes", "authorize", "expire_tokens", "revoke", "uninstall"),
        *("budget", "spend", "maintenance", "switch", "resources", "state"),
    )
}


def _named(body: Body) -> tuple[str, int]:
    kind, number = str(body["type"]), int(body["id"])
    return KINDS[kind].name, number

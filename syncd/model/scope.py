"""What part of the org a run is about."""

from datetime import date

import msgspec


class Scope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Opportunities, accounts, owners (e-mails), a first day; empty = everything.

    Values of one kind are or-ed; the kinds choose homes together, and ``since``
    narrows what is judged in them.
    """

    opportunities: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    since: date | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it."""
        return self == Scope()

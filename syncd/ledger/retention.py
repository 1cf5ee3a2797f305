"""Forgets what is no longer needed: copied texts (applied plus 30 days), old plans."""

from datetime import datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import chunks, reading, upsert, writing
from syncd.db.tables import FACTS, LEDGER, PLANS
from syncd.model.plan import Change, Plan
from syncd.model.texts import without_texts

_PART: Final = "ledger and plans"
_KEPT: Final = timedelta(days=30)
_AGAIN_AFTER: Final = timedelta(days=1)  # looking through everything is not free
_LAST: Final = "texts_forgotten_at"
_FORGOTTEN: Final = sa.select(FACTS.c.value).where(FACTS.c.name == _LAST)
_MARK: Final = '"texts":["'  # a change that copies a text, in compact JSON
_DROPPED: Final = sa.delete(PLANS).where(
    PLANS.c.created_at < sa.bindparam("before"),
    PLANS.c.created_at < sa.select(sa.func.max(PLANS.c.created_at)).scalar_subquery(),
    PLANS.c.plan_id.not_in(sa.select(LEDGER.c.plan_id).where(LEDGER.c.state == "open")),
)


class SqlRetention:
    """Of a text hash and length stay: its write can be recognised and taken back."""

    def __init__(self, engine: sa.Engine) -> None:
        """Looks through the store behind this engine."""
        self._engine = engine

    def forget_texts(self, *, now: datetime) -> int:
        """Forget the texts that are due; how many writes and plans held one.

        At most once a day; a write of unknown outcome keeps its text, and so does the
        plan that it came from.
        """
        with reading(self._engine, _PART) as connection:
            last = connection.scalar(_FORGOTTEN)
            if last and now - msgspec.json.decode(last, type=datetime) < _AGAIN_AFTER:
                return 0
        row = {"name": _LAST, "value": msgspec.json.encode(now).decode()}
        with writing(self._engine, _PART) as connection:
            upsert(connection, FACTS, [row])
        before = now - _KEPT
        return self._in_ledger(before) + self._in_plans(before)

    def drop_plans(self, *, before: datetime) -> int:
        """Drop plans that were saved before an instant; how many.

        One stays while a write of it has no outcome, and so does the newest: what was
        found last can be explained, however long ago that was.
        """
        with writing(self._engine, _PART) as connection:
            return connection.execute(_DROPPED, {"before": before}).rowcount

    def _in_ledger(self, before: datetime) -> int:
        due = sa.select(LEDGER.c.sequence).where(
            LEDGER.c.state != "open",
            LEDGER.c.settled_at < before,
            LEDGER.c.change.contains(_MARK, autoescape=True),
        )
        with reading(self._engine, _PART) as connection:
            found = connection.scalars(due).all()
        for some in chunks(found):
            with writing(self._engine, _PART) as connection:
                query = sa.select(LEDGER).where(LEDGER.c.sequence.in_(some))
                for row in connection.execute(query).all():
                    change = msgspec.json.decode(row.change, type=Change)
                    image = msgspec.json.decode(row.before)
                    connection.execute(
                        sa.update(LEDGER)
                        .where(LEDGER.c.sequence == row.sequence)
                        .values(
                            change=_json(forgetful(change)),
                            before=_json(without_texts(image, change.texts)),
                        )
                    )
        return len(found)

    def _in_plans(self, before: datetime) -> int:
        in_use = sa.select(LEDGER.c.plan_id).where(
            sa.or_(LEDGER.c.state == "open", LEDGER.c.settled_at >= before)
        )
        due = sa.select(PLANS.c.plan_id).where(
            PLANS.c.created_at < before,
            PLANS.c.body.contains(_MARK, autoescape=True),
            PLANS.c.plan_id.not_in(in_use),
        )
        with reading(self._engine, _PART) as connection:
            found = connection.scalars(due).all()
        for plan_id in found:
            with writing(self._engine, _PART) as connection:
                mine = PLANS.c.plan_id == plan_id
                body = connection.scalar(sa.select(PLANS.c.body).where(mine))
                plan = msgspec.json.decode(str(body), type=Plan)
                changes = tuple(forgetful(change) for change in plan.changes)
                kept = msgspec.structs.replace(plan, changes=changes)
                connection.execute(
                    sa.update(PLANS).where(mine).values(body=_json(kept))
                )
        return len(found)


def forgetful(change: Change) -> Change:
    """A change with hash and length in place of the texts that it copies."""
    return msgspec.structs.replace(
        change,
        before=without_texts(change.before, change.texts),
        after=without_texts(change.after, change.texts),
        texts=(),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()

"""Lanes: a submitter's address each, leased to one worker at a time; without its lane a worker writes nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import case, exists, func, insert, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from settlement.durable import schema
from settlement.durable.database import Database
from settlement.durable.rows import MINED, STORED
from settlement.errors import JournalUnavailable, LaneLost
from settlement.ports import (
    Lane,
)

_tx, _lane = schema.signed_transaction, schema.lane


_COLLISIONS_MAX = 100
"""How often others may take the newest lane before we give up."""


class SqlLanes:
    """The part of `ports.Queue` about lanes, for the instructions of one scope."""

    def __init__(self, database: Database, scope: int) -> None:
        self.database = database
        self.scope = scope

    def acquire_lane(self, owner: str, address_of: Callable[[int], str], now: float, lease_s: float) -> Lane:
        """See `ports.Queue.acquire_lane`."""
        for _ in range(_COLLISIONS_MAX):
            # Where another worker made the same new lane, there is another one, or a newer one, for us.
            with contextlib.suppress(IntegrityError), self.database.write() as writing:
                return self._acquire(writing.connection, owner, address_of, now, lease_s)
        raise JournalUnavailable(f"{self.database.name} gives no lane: others keep taking the newest, or it is damaged")

    def renew(self, lane: Lane, now: float, lease_s: float) -> None:
        """See `ports.Queue.renew`."""
        with self.database.write() as writing:
            self._require(writing.connection, lane)
            mine = (_lane.c.lane == lane.lane) & (_lane.c.scope == self.scope)
            writing.connection.execute(update(_lane).where(mine).values(leased_until=now + lease_s))

    def release(self, lane: Lane) -> None:
        """See `ports.Queue.release`."""
        with self.database.write() as writing:
            mine = (_lane.c.lane == lane.lane) & (_lane.c.scope == self.scope) & (_lane.c.owner == lane.owner)
            writing.connection.execute(update(_lane).where(mine).values(owner=None, leased_until=0))

    def has_orphans(self, now: float) -> bool:
        """See `ports.Queue.has_orphans`."""
        query = select(_lane.c.lane).where(_lane.c.scope == self.scope, self._nobodys(now), self._on_its_way())
        with self.database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def adopt_lane(self, owner: str, up_to_block: int, now: float, lease_s: float) -> Lane | None:
        """See `ports.Queue.adopt_lane`."""
        mined = exists().where(
            _tx.c.scope == self.scope,
            _tx.c.lane == _lane.c.lane,
            _tx.c.state == MINED,
            _tx.c.block_number <= up_to_block,
        )
        query = select(_lane).where(_lane.c.scope == self.scope, self._nobodys(now), mined).limit(1)
        with self.database.read() as connection:
            if connection.execute(query).first() is None:
                return None
        with self.database.write() as writing:
            found = writing.connection.execute(query.with_for_update(skip_locked=True)).first()
            if found is None:
                return None
            mine = (_lane.c.lane == found.lane) & (_lane.c.scope == self.scope)
            values = {"owner": owner, "leased_until": now + lease_s}
            writing.connection.execute(update(_lane).where(mine).values(**values))
        return Lane(found.lane, found.address, owner)

    def _nobodys(self, now: float) -> Any:
        return or_(_lane.c.owner.is_(None), _lane.c.leased_until < now)

    def _on_its_way(self) -> Any:
        return exists().where(_tx.c.scope == self.scope, _tx.c.lane == _lane.c.lane, _tx.c.state == STORED)

    def _acquire(
        self, connection: Connection, owner: str, address_of: Callable[[int], str], now: float, lease_s: float
    ) -> Lane:
        mine_first = case((_lane.c.owner == owner, 0), else_=1)
        orphans_first = case((self._on_its_way(), 0), else_=1)
        query = (
            select(_lane)
            .where(_lane.c.scope == self.scope, or_(_lane.c.owner == owner, self._nobodys(now)))
            .order_by(mine_first, orphans_first, _lane.c.lane)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        free = connection.execute(query).first()
        values = {"owner": owner, "leased_until": now + lease_s}
        if free is not None:
            mine = (_lane.c.lane == free.lane) & (_lane.c.scope == self.scope)
            connection.execute(update(_lane).where(mine).values(**values))
            return Lane(int(free.lane), str(free.address), owner)
        newest = connection.execute(select(func.max(_lane.c.lane)).where(_lane.c.scope == self.scope)).scalar()
        number = (newest or 0) + 1
        address = address_of(number)
        connection.execute(insert(_lane).values(lane=number, scope=self.scope, address=address, **values))
        return Lane(number, address, owner)

    def _require(self, connection: Connection, lane: Lane) -> None:
        """Fences off a worker that was taken for dead: it may be alive, and has to change nothing."""
        query = select(_lane.c.owner).where(_lane.c.lane == lane.lane, _lane.c.scope == self.scope).with_for_update()
        owner = connection.execute(query).scalar()
        if owner != lane.owner:
            raise LaneLost(f"lane {lane.lane} was taken over by another worker")

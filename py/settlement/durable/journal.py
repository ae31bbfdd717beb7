"""The journal: SQLAlchemy over SQLite (WAL), in memory where no file is named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

from settlement.domain.instruction import Consent, Instruction, InstructionStatus
from settlement.domain.matching import require_match
from settlement.errors import InputError
from settlement.ports import HistoryEntry, JournalEntry, SignedTransaction

_metadata = MetaData()

_COUNTED_NONCES = 2**62
"""Nonces from here on are the caller's own choice and do not move the counter, which has to fit the column."""

_instructions = Table(
    "instruction",
    _metadata,
    Column("instruction_id", String(66), primary_key=True),
    Column("scope", String(80), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("parties", Text, nullable=False),
    Column("nonce", BigInteger),
    Column("body", Text, nullable=False),
)
_consents = Table(
    "consent",
    _metadata,
    Column("instruction_id", ForeignKey("instruction.instruction_id"), primary_key=True),
    Column("address", String(42), primary_key=True),
    Column("body", Text, primary_key=True),
)
_transactions = Table(
    "signed_transaction",
    _metadata,
    Column("hash", String(66), primary_key=True),
    Column("raw", Text, nullable=False),
    Column("sender", String(42), nullable=False),
    Column("nonce", Integer, nullable=False),
    Column("act", String(40), nullable=False),
    Column("instruction_ids", Text, nullable=False),
)
_history = Table(
    "history",
    _metadata,
    Column("entry", Integer, primary_key=True, autoincrement=True),
    Column("instruction_id", ForeignKey("instruction.instruction_id"), nullable=False, index=True),
    Column("status", String(20), nullable=False),
    Column("at", Integer, nullable=False),
    Column("hash", String(66)),
    Column("gas_used", Integer),
    Column("detail", Text, nullable=False),
)


class SqlJournal:
    """Implements `ports.Journal`. References are unique within a scope: one deployment and run."""

    def __init__(self, path: Path | None = None, scope: str = "") -> None:
        self._engine = _open(path)
        self._scope = scope
        _metadata.create_all(self._engine)

    def close(self) -> None:
        """Lets go of the file."""
        self._engine.dispose()

    def record_instruction(self, instruction_id: str, instruction: Instruction) -> bool:
        """See `ports.Journal.record_instruction`."""
        with self._engine.begin() as connection:
            if self._instruction(connection, instruction_id) is not None:
                return False
            same_reference = select(_instructions.c.body).where(
                _instructions.c.scope == self._scope, _instructions.c.reference == instruction.reference
            )
            taken = connection.execute(same_reference).scalar()
            if taken is not None:
                self._refuse_reference(instruction, Instruction.model_validate_json(taken))
            connection.execute(
                insert(_instructions).values(
                    instruction_id=instruction_id,
                    scope=self._scope,
                    reference=instruction.reference,
                    parties=_group(instruction.parties),
                    nonce=instruction.nonce if instruction.nonce < _COUNTED_NONCES else None,
                    body=instruction.model_dump_json(),
                )
            )
        return True

    def record_consents(self, instruction_id: str, consents: Sequence[Consent]) -> None:
        """See `ports.Journal.record_consents`."""
        with self._engine.begin() as connection:
            for consent in consents:
                row = {
                    "instruction_id": instruction_id,
                    "address": consent.address,
                    "body": consent.model_dump_json(),
                }
                connection.execute(insert(_consents).prefix_with("OR IGNORE").values(**row))

    def record_transaction(self, transaction: SignedTransaction, act: str, instruction_ids: Sequence[str]) -> None:
        """See `ports.Journal.record_transaction`."""
        with self._engine.begin() as connection:
            connection.execute(
                insert(_transactions).values(
                    hash=transaction.hash,
                    raw=transaction.raw,
                    sender=transaction.sender,
                    nonce=transaction.nonce,
                    act=act,
                    instruction_ids=json.dumps(list(instruction_ids)),
                )
            )

    def record_history(self, instruction_id: str, entry: HistoryEntry) -> None:
        """See `ports.Journal.record_history`."""
        with self._engine.begin() as connection:
            connection.execute(
                insert(_history).values(
                    instruction_id=instruction_id,
                    status=entry.status.value,
                    at=entry.at,
                    hash=entry.transaction,
                    gas_used=entry.gas_used,
                    detail=entry.detail,
                )
            )

    def entry(self, instruction_id: str) -> JournalEntry | None:
        """See `ports.Journal.entry`.

        Raises:
            InputError: the beginning fits several instructions.
        """
        with self._engine.connect() as connection:
            matches = connection.execute(
                select(_instructions.c.instruction_id)
                .where(
                    _instructions.c.instruction_id.startswith(instruction_id, autoescape=True)
                    if instruction_id.startswith("0x")
                    else _instructions.c.reference == instruction_id
                )
                .order_by(text("rowid"))
            ).scalars()
            ids = list(matches)
            if len(ids) > 1 and not instruction_id.startswith("0x"):
                ids = ids[-1:]  # A scenario's references come again with every run: the newest is meant.
            if len(ids) > 1:
                raise InputError(f"{instruction_id!r} fits {len(ids)} instructions: {', '.join(ids[:5])}")
            return self._entry(connection, ids[0]) if ids else None

    def next_nonce(self, parties: Sequence[str]) -> int:
        """See `ports.Journal.next_nonce`."""
        with self._engine.connect() as connection:
            query = (
                select(func.max(_instructions.c.nonce))
                .select_from(_instructions)
                .where(_instructions.c.scope == self._scope, _instructions.c.parties == _group(parties))
            )
            newest = connection.execute(query).scalar()
            return 0 if newest is None else int(newest) + 1

    def _instruction(self, connection: Connection, instruction_id: str) -> Instruction | None:
        query = select(_instructions.c.body).where(_instructions.c.instruction_id == instruction_id)
        body = connection.execute(query).scalar()
        return None if body is None else Instruction.model_validate_json(body)

    def _entry(self, connection: Connection, instruction_id: str) -> JournalEntry:
        instruction = self._instruction(connection, instruction_id)
        assert instruction is not None  # noqa: S101 - the id was just found
        consents = connection.execute(
            select(_consents.c.body).where(_consents.c.instruction_id == instruction_id)
        ).scalars()
        steps = connection.execute(
            select(_history).where(_history.c.instruction_id == instruction_id).order_by(_history.c.entry)
        )
        return JournalEntry(
            instruction_id=instruction_id,
            instruction=instruction,
            consents=tuple(Consent.model_validate_json(body) for body in consents),
            history=tuple(
                HistoryEntry(InstructionStatus(step.status), step.at, step.hash, step.gas_used, step.detail)
                for step in steps
            ),
        )

    def _refuse_reference(self, instruction: Instruction, taken: Instruction) -> None:
        try:
            require_match(instruction, taken)
        except InputError as difference:
            raise InputError(f"reference {instruction.reference!r} is taken by other terms: {difference}") from None


def _group(parties: Sequence[str]) -> str:
    return json.dumps(list(parties))


def _open(path: Path | None) -> Engine:
    if path is None:
        return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection, _record):  # type: ignore[no-untyped-def]
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    return engine

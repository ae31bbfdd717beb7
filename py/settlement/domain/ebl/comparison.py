"""Whether two chains say the same: field by field, as a person would look for what is different."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any, NamedTuple

from settlement.domain.ebl.chain import BillState, EndorsementChain, Transaction
from settlement.domain.ebl.responses import path_text

_ANSWERS = ("SACC", "SREJ")


class Difference(NamedTuple):
    """A field in which two chains differ; None is a field that is not there."""

    field: str
    expected: Any
    found: Any


class ImportReport(NamedTuple):
    """What came of an import.

    Attributes:
        run: The run's number.
        bills: What the ledger calls the versions, oldest first.
        entries: How many entries there were.
        differences: Where the bill's chain on the ledger is not as it was given; each field begins with the bill.
        unread: Fields of the chain that this program does not read, and the ledger does not have.
        notes: What of the bill's life DCSA's words cannot say.
    """

    run: int
    bills: tuple[str, ...]
    entries: int
    differences: tuple[Difference, ...]
    unread: tuple[str, ...]
    notes: tuple[str, ...]


def differences(
    expected: EndorsementChain, states: Sequence[BillState], found: EndorsementChain
) -> tuple[Difference, ...]:
    """What one chain says otherwise than another, of what this program reads in a chain.

    Times are the same where they are the same instant, and an answer's recipient is who surrendered, named or not.

    Args:
        expected: The chain to compare with.
        states: Where its bill stands after each entry.
        found: The other chain.
    """
    return tuple(_differences(expected, states, found))


def unread_fields(chain: EndorsementChain) -> tuple[str, ...]:
    """Fields that a chain has and this program does not read, such as an entry's auditReference."""
    fields = [*(chain.model_extra or ())]
    for number, entry in enumerate(chain.endorsement_chain, start=1):
        fields += (f"entry {number} ({entry.action_code}): {name}" for name in entry.model_extra or ())
    return tuple(fields)


def _differences(
    expected: EndorsementChain, states: Sequence[BillState], found: EndorsementChain
) -> Iterator[Difference]:
    one, other = _header(expected), _header(found)
    yield from (Difference(name, one[name], other[name]) for name in one if one[name] != other[name])
    surrendered_by = [None, *(state.surrendered_by for state in states)]
    pairs = zip_longest(expected.endorsement_chain, found.endorsement_chain)
    for number, (entry, again) in enumerate(pairs, start=1):
        where = f"entry {number}"
        if entry is None or again is None:
            yield Difference(where, _code(entry), _code(again))
            continue
        given, kept = _fields(entry), _fields(again)
        if entry.action_code in _ANSWERS and again.action_code in _ANSWERS:
            asked = surrendered_by[number - 1]
            implied = _flat(("recipient",), None if asked is None else asked.document())
            for fields in (given, kept):
                if not any(name.startswith("recipient") for name in fields):
                    fields.update(implied)
        for name in dict.fromkeys((*given, *kept)):
            if not _same(name, given.get(name), kept.get(name)):
                yield Difference(f"{where} ({entry.action_code}): {name}", given.get(name), kept.get(name))


def _header(chain: EndorsementChain) -> dict[str, Any]:
    return {
        "transportDocumentReference": chain.transport_document_reference,
        "transportDocumentSubReference": chain.transport_document_sub_reference,
        "carrierSCACCode": chain.carrier_scac_code,
    }


def _code(entry: Transaction | None) -> str | None:
    return None if entry is None else entry.action_code


def _fields(entry: Transaction) -> dict[str, Any]:
    document = entry.document()
    for name in entry.model_extra or ():
        del document[name]
    return _flat((), document)


def _flat(path: tuple[int | str, ...], value: Any) -> dict[str, Any]:
    """Every scalar by its path; what is null is not there."""
    if isinstance(value, dict):
        parts = [_flat((*path, name), each) for name, each in value.items()]
    elif isinstance(value, list):
        parts = [_flat((*path, index), each) for index, each in enumerate(value)]
    else:
        return {} if value is None else {path_text(path): value}
    return {name: each for part in parts for name, each in part.items()}


def _same(name: str, one: Any, other: Any) -> bool:
    if name == "actionDateTime" and one is not None and other is not None:
        return datetime.fromisoformat(one) == datetime.fromisoformat(other)
    return bool(one == other)

"""A journal's file in which somebody, or a bad disk, has changed something."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from settlement.durable import schema

TABLES = {table.name: [column.name for column in table.columns] for table in schema.metadata.tables.values()}

BYTES = {"@nought": b"\0" * 32, "@bytes": b"\xff\xfe", "@much": b"x" * 100_000}
"""What JSON cannot say, by the text that stands for it."""

VALUES = (
    *(None, -1, 0, 1, 2, 5, 2**31, 2**62, 2**63 - 1, -(2**63), 0.5, 1e308, 9e999),
    *("", "x", " ", "0", "1", "\u202e", "a\x00b", "0x", "0x" + "00" * 20, "0x" + "00" * 32, "{}", "[]", "null", "[[]]"),
    *("settled", "confirmed", "matched", "pending", "sent", "instructed", "cancelling", "READY", *BYTES),
    *('[["seller","0x00","0x00"]]', '{"reference":"S"}', '["seller"]', "[" * 2_000 + "]" * 2_000, "9" * 5_000),
)


def changes() -> st.SearchStrategy[dict[str, Any]]:
    """One change each: a value of a row, a row that is gone or there twice, or bytes of the file."""
    table = st.sampled_from(sorted(TABLES))
    row = st.integers(0, 20)
    put = table.flatmap(
        lambda name: st.fixed_dictionaries(
            {
                "table": st.just(name),
                "row": row,
                "column": st.sampled_from(TABLES[name]),
                "value": st.sampled_from(VALUES),
            }
        )
    )
    gone = st.fixed_dictionaries({"table": table, "row": row, "how": st.sampled_from(("drop", "swap", "drop table"))})
    share = st.floats(0, 1, exclude_max=True)
    torn = st.fixed_dictionaries({"at": share, "byte": st.integers(0, 255), "count": st.sampled_from((1, 2, 16, 4096))})
    cut = st.fixed_dictionaries({"cut": share})
    return st.one_of(put, put, put, put, gone, torn, cut)


def damaged(path: Path, change: dict[str, Any]) -> None:
    """Makes the change, where the database lets it be made."""
    if "cut" in change:
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * change["cut"])])
    elif "at" in change:
        data = bytearray(path.read_bytes())
        start = int(len(data) * change["at"])
        for position in range(start, min(start + change["count"], len(data))):
            data[position] ^= change["byte"]
        path.write_bytes(bytes(data))
    else:
        connection = sqlite3.connect(path)
        with contextlib.suppress(sqlite3.Error), connection:
            _change(connection, change)
        connection.close()


def _change(connection: sqlite3.Connection, change: dict[str, Any]) -> None:
    table = change["table"]
    rows = [row for (row,) in connection.execute(f"SELECT rowid FROM {table} ORDER BY rowid")]  # noqa: S608
    if change.get("how") == "drop table":
        connection.execute(f"DROP TABLE {table}")
    elif rows:
        row = rows[change["row"] % len(rows)]
        if change.get("how") == "drop":
            connection.execute(f"DELETE FROM {table} WHERE rowid = ?", [row])  # noqa: S608
        elif change.get("how") == "swap":
            first, last = TABLES[table][-1], TABLES[table][0]
            connection.execute(f"UPDATE {table} SET {first} = {last} WHERE rowid = ?", [row])  # noqa: S608
        else:
            value = BYTES.get(change["value"], change["value"]) if change["value"] is not None else None
            connection.execute(f"UPDATE {table} SET {change['column']} = ? WHERE rowid = ?", [value, row])  # noqa: S608

"""How dead letters are shown: as JSON and as tables."""

from __future__ import annotations

import json
import reprlib
from array import array
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.table import Table

from charles.avro.codec import Unreadable
from charles.base.names import plain
from charles.base.time_format import local
from charles.cli.printing import say, table_console
from charles.kafka.dead_letter_reader import LetterEntry, LetterGroup, Original, event, text, whose
from charles.kafka.dead_letters import NOWHERE
from charles.settings import Kafka

_DUMPED_BYTES = 256
_ROW_BYTES = 16

Facts = dict[str, Any]


def facts(kafka: Kafka, entry: LetterEntry) -> Facts:
    """The fields of a dead letter that a list shows."""
    letter = entry.letter
    why = {"time": letter.time, "program": letter.program, "reason": letter.reason}
    where = {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
    return {"number": entry.number} | why | where | whose(kafka, letter) | {"size": letter.size}


def all_facts(kafka: Kafka, entry: LetterEntry, original: Original) -> Facts:
    """All fields of a dead letter. event, says: the record as an event, if it is whole and can be decoded now;
    otherwise unreadable says why not. begins: its first bytes, hex."""
    letter = entry.letter
    found = facts(kafka, entry) | {
        "key": None if letter.key is None else text(letter.key),
        "headers": {key: text(value) for key, value in letter.headers.items()},
        "sha256": letter.sha256,
        "kept": len(letter.value),
        "whole": original.whole,
        "source": original.where,
        "begins": original.data[:_DUMPED_BYTES].hex(),
    }
    if not original.whole:
        return found | {"unreadable": "only part of the record was kept"}
    try:
        says = event(kafka, letter, original.data)
    except Unreadable as problem:
        return found | {"unreadable": str(problem)}
    return found | {"event": type(says).__name__, "says": asdict(says)}


def full_name(kafka: Kafka, topic: str) -> str:
    """A topic's full name, from that or from its name in the table."""
    return topic if topic.startswith(f"{kafka.prefix}.") else f"{kafka.prefix}.{topic}"


def print_json(found: Any) -> None:
    def told(value: Any) -> Any:
        if isinstance(value, array):
            return value.tolist()
        return value.isoformat() if isinstance(value, datetime) else f"{len(value)} bytes"

    say(json.dumps(found, indent=2, default=told))


def print_groups(kafka: Kafka, groups: list[LetterGroup]) -> None:
    table = Table("topic", "program", "reason", box=None, pad_edge=False)
    for column in ("count", "newest"):
        table.add_column(column, justify="right", no_wrap=True)
    for column in ("first", "last"):
        table.add_column(column, no_wrap=True)
    for group in groups:
        words = (_short(kafka, group.topic), group.program, group.reason)
        figures = (f"{group.count:,}", str(group.newest), local(group.first), local(group.last))
        table.add_row(*map(plain, words), *figures)
    console = table_console()
    console.print(table)
    first, last = min(group.first for group in groups), max(group.last for group in groups)
    total = sum(group.count for group in groups)
    console.print(f"{total:,} in total, from {local(first)} to {local(last)}", highlight=False)


def print_list(kafka: Kafka, found: Iterable[Facts]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("number", justify="right", no_wrap=True)
    table.add_column("met", no_wrap=True)
    for column in ("program", "where", "collector/run/tick"):
        table.add_column(column)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("reason")
    for one in found:
        words = (one["program"], _place(kafka, one), _owner(one), f"{one['size']:,}", one["reason"])
        table.add_row(str(one["number"]), local(one["time"]), *map(plain, words))
    table_console().print(table)


def print_one(kafka: Kafka, one: Facts) -> None:
    table = Table.grid(padding=(0, 2))
    size = f"{one['size']:,} bytes, SHA-256 {one['sha256']}"
    rows = {"reason": one["reason"], "met by": f"{one['program']}, {local(one['time'])}"}
    rows |= {
        "where": _place(kafka, one),
        "whose": _owner(one) or "unknown: no header names it",
        "key": one["key"] or "none",
    }
    rows |= {f"header {key}": value for key, value in one["headers"].items()}
    rows |= {"size": size, "bytes": one["source"]}
    rows["now"] = f"a {one['event']}" if "event" in one else f"not decoded: {one['unreadable']}"
    rows |= {f"  {field}": _value(value) for field, value in one.get("says", {}).items()}
    for label, words in rows.items():
        table.add_row(plain(label), plain(words))
    table_console().print(table)
    say(_hexdump(bytes.fromhex(one["begins"]), one["size"]))
    if one["saved"]:
        amount = f"all {one['size']:,}" if one["whole"] else f"the first {one['kept']:,} of {one['size']:,}"
        say(f"Wrote {amount} bytes to {one['saved']}")


def _hexdump(data: bytes, size: int) -> str:
    rows = []
    for at in range(0, len(data), _ROW_BYTES):
        row = data[at : at + _ROW_BYTES]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{at:08x}  {row.hex(' '):<{3 * _ROW_BYTES - 1}}  {letters}")
    if size > len(data):
        rows.append(f"... {size - len(data):,} more")
    return "\n".join(rows)


def _place(kafka: Kafka, one: Facts) -> str:
    topic = _short(kafka, one["topic"])
    return f"{topic}, never published" if one["offset"] == NOWHERE else f"{topic} {one['partition']}@{one['offset']}"


def _owner(one: Facts) -> str:
    parts = one["collector"], one["run"], one["tick"]
    return "" if parts == (None, None, None) else "/".join(part or "?" for part in parts)


def _short(kafka: Kafka, topic: str) -> str:
    return topic.removeprefix(f"{kafka.prefix}.")


def _value(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return value.isoformat() if isinstance(value, datetime) else reprlib.repr(value)

"""Clocks and ids."""

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from dispatch.clock import VirtualClock, new_id
from tests.domain.calendars import at


def test_ids_are_version_7_of_the_standard_library_and_sort_by_time() -> None:
    made = [new_id() for _ in range(1000)]
    assert all(type(one) is UUID and one.version == 7 for one in made)
    assert made == sorted(made)
    assert len(set(made)) == 1000


def test_a_virtual_clock_moves_only_when_told_and_never_back() -> None:
    clock = VirtualClock(at("2026-06-18 09:05"))
    assert clock.now() == at("2026-06-18 09:05")
    assert clock.now().tzinfo is UTC
    clock.advance(timedelta(hours=1))
    assert clock.advance_to(at("2026-06-18 10:00")) == at("2026-06-18 10:05")
    assert clock.advance_to(at("2026-06-18 11:05")) == at("2026-06-18 11:05")
    with pytest.raises(ValueError, match="back"):
        clock.advance(-timedelta(seconds=1))
    with pytest.raises(ValueError, match="zone"):
        VirtualClock(datetime(2026, 6, 18))  # noqa: DTZ001


#: where the host's own clock may be read, and why
HOST_CLOCK = {
    "dispatch/bus/lag.py": "the age of Kafka's records, a gauge",
    "dispatch/scheduler.py": "the ticker's first tick; what is due stands in the database",
    "dispatch/web/common/frame.py": "who sits on the demo's seats today",
}
READS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}


def test_nothing_is_decided_by_a_hosts_clock() -> None:
    """Deadlines, events and signatures go by the database's clock; a host's may be years wrong."""
    root = Path(__file__).parents[1]
    found = {
        str(file.relative_to(root))
        for folder in ("dispatch", "handlers", "schemas")
        for file in (root / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in READS
    }
    assert found == set(HOST_CLOCK)


def test_no_statement_takes_the_time_of_its_transaction() -> None:
    """`now()` is when a transaction began, before it waited for its locks."""
    store = Path(__file__).parents[1] / "dispatch" / "store"
    said = re.compile(r"\b(now\(\)|current_timestamp|localtimestamp|statement_timestamp|transaction_timestamp)", re.I)
    for file in [*store.rglob("*.py"), *store.rglob("*.sql")]:
        for line in file.read_text(encoding="utf-8").splitlines():
            code = line.split("--")[0].split("#")[0]
            assert not said.search(code) or "def " in code or "uow.now()" in code or ".now()" in code or "`" in code, (
                f"{file.name}: {line.strip()}"
            )

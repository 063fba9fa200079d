"""Clocks and ids."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from dispatch.clock import SystemClock, VirtualClock, new_id
from tests.domain.calendars import at


def test_ids_are_version_7_of_the_standard_library_and_sort_by_time() -> None:
    made = [new_id() for _ in range(1000)]
    assert all(type(one) is UUID and one.version == 7 for one in made)
    assert made == sorted(made)
    assert len(set(made)) == 1000


def test_the_system_clock_is_aware() -> None:
    clock = SystemClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.now().utcoffset() == timedelta()
    assert clock.monotonic() <= clock.monotonic()


def test_a_virtual_clock_moves_only_when_told_and_never_back() -> None:
    clock = VirtualClock(at("2026-06-18 09:05"))
    assert clock.now() == at("2026-06-18 09:05")
    assert clock.now().tzinfo is UTC
    clock.advance(timedelta(hours=1))
    assert clock.advance_to(at("2026-06-18 10:00")) == at("2026-06-18 10:05")
    assert clock.advance_to(at("2026-06-18 11:05")) == at("2026-06-18 11:05")
    assert clock.monotonic() == 7200
    with pytest.raises(ValueError, match="back"):
        clock.advance(-timedelta(seconds=1))
    with pytest.raises(ValueError, match="zone"):
        VirtualClock(datetime(2026, 6, 18))  # noqa: DTZ001

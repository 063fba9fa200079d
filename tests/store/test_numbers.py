"""Numbers people read: the check digit, and blocks that two processes lease side by side."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.store.database import Database
from dispatch.store.numbers import LockHeld, Numbers, check_digit, is_number, lease, number


def test_the_standards_own_example() -> None:
    # ISO 7064 MOD 11,10 gives 5 for 0794
    assert check_digit("0794") == "5"


def test_a_number_has_ten_digits_and_its_year() -> None:
    assert number(2026, 42) == int("260000042" + check_digit("260000042"))
    assert len(str(number(2026, 42))) == 10


@given(st.integers(0, 9_999_999), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(place: int, position: int, shift: int) -> None:
    digits = str(number(2026, place))
    wrong = str((int(digits[position]) + shift) % 10)
    assert is_number(digits)
    assert not is_number(digits[:position] + wrong + digits[position + 1 :])


@pytest.mark.parametrize("text", ["", "26000003", "26000003181", "二六00000318", "26000 0318"])
def test_what_is_no_number(text: str) -> None:
    assert not is_number(text)


async def test_two_processes_never_share_a_place(db: Database) -> None:
    first, second = Numbers(db, "whistle", 7), Numbers(db, "whistle", 7)

    async def take(numbers: Numbers, count: int) -> list[int]:
        taken = []
        for _ in range(count):
            await numbers.ready(2026, 1)
            taken.append(numbers.take())
        return taken

    one, two = await asyncio.gather(take(first, 50), take(second, 50))
    assert len(set(one) | set(two)) == 100


async def test_a_new_year_begins_its_own_series(db: Database) -> None:
    numbers = Numbers(db, "whistle", 10)
    await numbers.ready(2026, 1)
    assert numbers.take() == 1
    await numbers.ready(2027, 1)
    assert numbers.take() == 1


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_series_that_somebody_holds_is_given_up_and_the_transaction_goes_on(
    db: Database, cancelled: bool
) -> None:
    """Also where PostgreSQL tells the end of the wait as somebody's cancelling, as it does when both come at once."""
    async with db.transaction() as holding:
        await lease(holding, "supervision", 2026, 1, 1.0)
        async with db.transaction() as asking:
            pid = await asking.connection.fetchval("SELECT pg_backend_pid()")
            waiting = asyncio.create_task(lease(asking, "supervision", 2026, 1, 20.0 if cancelled else 0.01))
            async with asyncio.timeout(10):
                while cancelled and not waiting.done():
                    await holding.connection.execute(
                        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
                        " WHERE pid = $1 AND wait_event_type = 'Lock'",
                        pid,
                    )
                    await asyncio.sleep(0)
                with pytest.raises(LockHeld):
                    await waiting
            assert await asking.connection.fetchval("SELECT 1") == 1

"""Every row runs, with counts that only show that nothing has rotted; no figure is asserted."""

import asyncio
import math
from collections.abc import Collection

import pytest

from tests.bench import plot, rows
from tests.bench.__main__ import keep
from tests.bench.figures import TINY
from tests.bench.ground import Ground

#: rows that start more processes than a quick test may
LONG = ("urgent", "scale", "million")


async def test_every_row_runs_and_is_kept() -> None:
    await run([name for name in rows.ROWS if name not in LONG])


@pytest.mark.chaos
@pytest.mark.parametrize("name", LONG)
async def test_so_do_the_long_ones(name: str) -> None:
    await run([name])


async def run(names: Collection[str]) -> None:
    async with Ground("embedded", durable=False).standing() as ground:
        # side by side: most of it is waiting for consumers to join
        done = await asyncio.gather(*(rows.ROWS[name](ground, TINY) for name in names))
        found = [(name, figure) for name, figures in zip(names, done, strict=True) for figure in figures]
        kept = await keep(ground, TINY, found)
    for row in kept["rows"]:
        assert math.isfinite(row["ratio"]), row
        assert row["ratio"] > 0, row
    assert plot.svg(kept).count("<rect") == 1 + len(kept["rows"])

"""Every row runs, with counts that only show that nothing has rotted; no figure is asserted."""

import asyncio
import math

from tests.bench import plot, rows
from tests.bench.__main__ import keep
from tests.bench.figures import TINY
from tests.bench.ground import Ground


async def test_every_row_runs_and_is_kept() -> None:
    async with Ground("embedded", durable=False).standing() as ground:
        # side by side: most of it is waiting for consumers to join
        done = await asyncio.gather(*(row(ground, TINY) for row in rows.ROWS.values()))
        found = [(name, figure) for name, figures in zip(rows.ROWS, done, strict=True) for figure in figures]
        kept = await keep(ground, TINY, found)
    for row in kept["rows"]:
        assert math.isfinite(row["ratio"]), row
        assert row["ratio"] > 0, row
    assert plot.svg(kept).count("<rect") == 1 + len(kept["rows"])

"""Row 12: what a whistle costs, accepted → Kafka → queue, beside ten thousand stored and beside a million.

The bare side is the same path where none is stored. Every round runs on a copy of the same database.
"""

from __future__ import annotations

from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground
from tests.bench.many import MADE, fill
from tests.bench.row_scale import rate
from tests.bench.seeded import raise_many


async def run(ground: Ground, size: Size) -> list[Figure]:
    """One figure for few stored and one for many."""
    counts = (max(size.stored // 100, 1), size.stored)
    none, *filled = names = ["bench_stored_none", "bench_stored_few", "bench_stored_many"]
    await raise_many(await ground.clone(name=none), size.scaled)
    for name, count in zip(filled, counts, strict=True):
        url = await ground.clone(name=name)
        await fill(url, count)
        await raise_many(url, size.scaled, start=MADE)
    figures = [Figure(f"cost of a whistle with {count:,} stored, to none", "ms", "less", None) for count in counts]
    async with ground.broker() as kafka:
        await rate(ground, none, kafka, 1)  # a broker that has just started is slow for seconds
        for _ in range(size.rounds):
            alone = await rate(ground, none, kafka, 1)
            for name, figure in zip(filled, figures, strict=True):
                figure.add(1000 / await rate(ground, name, kafka, 1), 1000 / alone)
    for name in names:
        await ground.postgres.drop(ground.postgres.url(name))
    return figures

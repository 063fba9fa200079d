"""The rows of the table, by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.bench import (
    row_blink,
    row_intake,
    row_live,
    row_million,
    row_pages,
    row_relay,
    row_route,
    row_scale,
    row_snapshot,
    row_stored,
    row_sweep,
    row_urgent,
)
from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground

ROWS: dict[str, Callable[[Ground, Size], Awaitable[list[Figure]]]] = {
    "intake": row_intake.run,
    "relay": row_relay.run,
    "snapshot": row_snapshot.run,
    "route": row_route.run,
    "blink": row_blink.run,
    "sweep": row_sweep.run,
    "pages": row_pages.run,
    "live": row_live.run,
    "urgent": row_urgent.run,
    "scale": row_scale.run,
    "stored": row_stored.run,
    "million": row_million.run,
}

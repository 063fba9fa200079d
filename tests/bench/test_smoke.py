"""Every row runs, with counts that only show that nothing has rotted; no figure is asserted."""

import asyncio
import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from tests.bench import __main__ as bench
from tests.bench import plot, rows
from tests.bench.__main__ import keep
from tests.bench.figures import TINY, Figure
from tests.bench.ground import Ground

#: rows that start more processes than a quick test may
LONG = ("urgent", "scale", "stored", "million")


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


@pytest.mark.parametrize(
    ("ours", "tiny", "code"), [(0.6, False, None), (0.4, False, 1), (0.4, True, None)], ids=["holds", "falls", "tiny"]
)
def test_a_figure_that_does_not_hold_is_an_exit_code(
    ours: float, tiny: bool, code: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def measured(*_: Any) -> dict[str, Any]:
        figure = Figure("form POST/s", "/s", "more", 0.5, [ours], [1.0])
        return {"at": "now", "on": {}, "rounds": 1, "rows": [{"row": "intake", **figure.as_json()}]}

    monkeypatch.setattr(bench, "measure", measured)
    monkeypatch.setattr(bench.logs, "configure", lambda *_, **__: None)
    words = ["bench", "--broker", "embedded", "--json", str(tmp_path / "f.json"), *(["--tiny"] if tiny else [])]
    monkeypatch.setattr("sys.argv", words)
    if code is None:
        bench.main()
    else:
        with pytest.raises(SystemExit) as ended:
            bench.main()
        assert ended.value.code == code

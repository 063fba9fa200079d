"""Whistles by the clock that a list shows of them: the nearest that nothing has answered yet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.domain.case import ENDED, ON_HOLD

_NEAREST = """(SELECT {fact} FROM whistle_clock c
               WHERE c.whistle = w.id AND c.answered_at IS NULL AND c.stage <> 'total'
               ORDER BY c.due_at NULLS LAST, c.stage LIMIT 1)"""
#: which lamp it burns, as its row shows: the warning mark is gone once most of the time is used
_LAMP = """CASE WHEN c.running_since IS NULL OR c.due_at IS NULL THEN 'rest' WHEN c.due_at <= {now} THEN 'red'
                WHEN c.mark = 'warn' AND c.fires_at > {now} THEN 'green' ELSE 'yellow' END"""
HOLD = "hold"


@dataclass(frozen=True, slots=True)
class ByClock:
    """What is asked of it: its `stage`; its `lamp` at the moment `now` (`hold`: rests by signature); due before
    `until`. What has ended has no such clock.
    """

    now: datetime
    stage: str | None = None
    lamp: str | None = None
    until: datetime | None = None


def conditions(wanted: ByClock, add: Callable[[Any], str]) -> Iterator[str]:
    """On `w` (whistle) and `s` (its state); `add` gives a value's placeholder."""
    yield f"s.status <> ALL({add(sorted(ENDED))}::text[])"
    if wanted.stage is not None:
        yield f"{_NEAREST.format(fact='c.stage')} = {add(wanted.stage)}"
    if wanted.until is not None:
        yield f"{_NEAREST.format(fact='c.due_at')} < {add(wanted.until)}"
    if wanted.lamp == HOLD:
        yield f"s.status = {add(ON_HOLD)}"
    elif wanted.lamp is not None:
        lamp = _LAMP.format(now=f"{add(wanted.now)}::timestamptz")
        yield f"s.status <> {add(ON_HOLD)} AND {_NEAREST.format(fact=lamp)} = {add(wanted.lamp)}"

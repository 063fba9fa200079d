"""Whistles by the clock that a list shows of them: the one that their state waits for, else the nearest open one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.domain.case import ENDED, ON_HOLD

#: of a whistle's open clocks (`c`, its state `s`) the one that the state waits for, as the whistle's page shows it: the
#: lead to report in, then its work; the street to verify, to answer. Where none of these runs, what runs out first
FIRST = """CASE WHEN c.running_since IS NULL THEN 2
                WHEN c.stage = 'reported' AND c.unit = s.lead AND s.status IN ('assigned', 'handling') THEN 0
                WHEN c.stage = CASE WHEN s.status IN ('local', 'assigned', 'handling') THEN 'handling'
                                    WHEN s.status = 'resolved' THEN 'verification'
                                    WHEN s.status IN ('verified', 'answered') THEN 'answering' END THEN 1
                ELSE 2 END, c.due_at NULLS LAST, c.stage"""
_SHOWN = f"""(SELECT {{fact}} FROM whistle_clock c
               WHERE c.whistle = w.id AND c.answered_at IS NULL AND c.stage <> 'total'
               ORDER BY {FIRST} LIMIT 1)"""
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
        yield f"{_SHOWN.format(fact='c.stage')} = {add(wanted.stage)}"
    if wanted.until is not None:
        yield f"{_SHOWN.format(fact='c.due_at')} < {add(wanted.until)}"
    if wanted.lamp == HOLD:
        yield f"s.status = {add(ON_HOLD)}"
    elif wanted.lamp is not None:
        lamp = _LAMP.format(now=f"{add(wanted.now)}::timestamptz")
        yield f"s.status <> {add(ON_HOLD)} AND {_SHOWN.format(fact=lamp)} = {add(wanted.lamp)}"

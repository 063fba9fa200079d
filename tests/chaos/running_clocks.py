"""Which clocks run after each fact of a log, by the design's table of stages."""

from collections.abc import Callable, Mapping
from typing import Any

Data = Mapping[str, Any]
Clock = tuple[str, str | None]
DISPATCH, HANDLING, VERIFICATION, ANSWERING = (
    ("dispatch", None), ("handling", None), ("verification", None), ("answering", None),
)  # fmt: skip
HOLD, TOTAL = ("hold", None), ("total", None)
#: what can be asked while units work, and while no result holds
WORKING = ("extension", "hold", "transfer")
UNTIL_IT_HOLDS = ("hand-back", "review", "cancel", *WORKING)


class RunningClocks:
    """Fed with the facts of one whistle in their order."""

    def __init__(self) -> None:
        self.running: set[Clock] = set()
        self.resting: set[Clock] = set()
        #: what a merge put to rest
        self.aside: set[Clock] = set()
        self.units: set[str] = set()
        self.lead: str | None = None
        self.outcome = ""
        self.over = False

    @property
    def somebody_answers(self) -> bool:
        """Whether anything but the total runs. A hold is a clock too: the one that somebody signed for."""
        return bool(self.running - {TOTAL})

    def take(self, type: str, data: Data) -> None:
        """One fact further."""
        if "of" in data and type != "unmerged":  # said to a whistle that was merged into another
            self.stop(*([TOTAL] if type == "closed" else ()))
            self.start(*([TOTAL] if type == "reopened" else ()))
            return
        if (rule := _RULES.get(type)) is not None:
            rule(self, data)

    def start(self, *clocks: Clock) -> None:
        self.running.update(clocks)
        self.resting.difference_update(clocks)

    def stop(self, *clocks: Clock) -> None:
        self.running.difference_update(clocks)
        self.resting.difference_update(clocks)

    def rest(self, *clocks: Clock) -> None:
        here = self.running & set(clocks)
        self.running -= here
        self.resting |= here

    def resume(self) -> None:
        self.running |= self.resting
        self.resting.clear()

    def end(self, *_: object) -> None:
        self.running.clear()
        self.resting.clear()
        self.over = True

    def rulings(self, *kinds: str) -> list[Clock]:
        """The rulings on these kinds of requests that somebody owes."""
        return [one for one in self.running if one[0] == "ruling" and str(one[1]).partition(":")[0] in kinds]

    def moot(self, *units: str) -> None:
        """Units have no part any more: what they asked is not asked any more."""
        asked = self.rulings("hand-back", "extension", "hold", "consult")
        self.stop(*(one for one in asked if str(one[1]).partition(":")[2] in units))

    def reported(self) -> list[Clock]:
        """The report-in clocks there are."""
        return [clock for clock in self.running | self.resting if clock[0] == "reported"]


def _raised(clocks: RunningClocks, data: Data) -> None:
    clocks.start(HANDLING if data.get("local") else DISPATCH, TOTAL)


def _climbed(clocks: RunningClocks, data: Data) -> None:
    """What was raised below the street becomes a whistle on the street's rung."""
    if data.get("status") == "raised" and data["stage"] == "handling":
        clocks.stop(HANDLING)
        clocks.start(DISPATCH)


def _routed(clocks: RunningClocks, data: Data) -> None:
    clocks.outcome = outcome = data["outcome"]
    if outcome == "unmatched":
        return
    clocks.stop(DISPATCH)
    if outcome == "statutory":  # there is nothing to pass on or to give up any more
        clocks.stop(*clocks.rulings(*UNTIL_IT_HOLDS))
        clocks.start(ANSWERING)
        return
    clocks.lead = data["lead"]
    clocks.units = {data["lead"], *(data.get("assist") or ())}
    clocks.start(HANDLING)
    if outcome == "dispatch":
        clocks.start(*(("reported", unit) for unit in clocks.units))


def _assigned(clocks: RunningClocks, data: Data) -> None:
    wanted = {data["lead"], *(data.get("assist") or ())}
    clocks.stop(DISPATCH, *(("reported", unit) for unit in clocks.units - wanted))
    clocks.moot(*clocks.units - wanted)
    if clocks.lead != data["lead"]:
        clocks.stop(*(one for one in clocks.rulings("extension", "hold") if one[1] != "hold"))
    clocks.start(*(("reported", unit) for unit in wanted - clocks.units))
    clocks.units, clocks.lead, clocks.outcome = wanted, data["lead"], "dispatch"
    clocks.start(HANDLING)


def _kept(clocks: RunningClocks, data: Data) -> None:
    if data.get("local"):
        return
    clocks.stop(DISPATCH, *clocks.reported())
    clocks.moot(*clocks.units - {data["unit"]})
    clocks.units, clocks.lead, clocks.outcome = {data["unit"]}, data["unit"], "self"
    clocks.start(HANDLING)


def _reported_in(clocks: RunningClocks, data: Data) -> None:
    if not data.get("on_site_due"):
        clocks.stop(("reported", data["unit"]))


def _arrived(clocks: RunningClocks, data: Data) -> None:
    if data.get("unit"):
        clocks.stop(("reported", data["unit"]))


def _called(clocks: RunningClocks, data: Data) -> None:
    if data["role"] == "assist":
        clocks.units.add(data["unit"])
        clocks.start(("reported", data["unit"]))


def _resolved(clocks: RunningClocks, data: Data) -> None:
    if data.get("local"):
        clocks.end()
        return
    clocks.stop(*clocks.rulings(*WORKING))
    if clocks.outcome in ("answer", "relay"):
        clocks.stop(HANDLING, *clocks.reported(), *clocks.rulings(*UNTIL_IT_HOLDS))
        clocks.start(ANSWERING)
        return
    clocks.rest(HANDLING)
    clocks.start(VERIFICATION)


def _verified(clocks: RunningClocks, _data: Data) -> None:
    clocks.stop(VERIFICATION, HANDLING, HOLD, *clocks.rulings(*UNTIL_IT_HOLDS), *clocks.reported())
    clocks.start(ANSWERING)


def _rejected(clocks: RunningClocks, data: Data) -> None:
    clocks.stop(VERIFICATION)
    clocks.start(HANDLING)
    if data.get("request"):
        clocks.start(_ruling("review", None))


def _reviewed(clocks: RunningClocks, data: Data) -> None:
    clocks.stop(_ruling("review", None))
    if not data["granted"]:
        _verified(clocks, data)


def _consulted(clocks: RunningClocks, data: Data) -> None:
    """A unit asks; whoever convenes answers everybody that asked."""
    if data.get("asked"):
        clocks.start(_ruling("consult", data["unit"]))
        return
    clocks.stop(*(clock for clock in clocks.running if str(clock[1]).startswith("consult:")))


def _asked(kind: str, *, by_unit: bool = True) -> Callable[[RunningClocks, Data], None]:
    def rule(clocks: RunningClocks, data: Data) -> None:
        clocks.start(_ruling(kind, data.get("unit") if by_unit else None))

    return rule


def _ruling(kind: str, unit: str | None) -> Clock:
    return "ruling", f"{kind}:{unit}" if unit else kind


def _decided(kind: str) -> Callable[[RunningClocks, Data], None]:
    return lambda clocks, data: clocks.stop(_ruling(kind, data.get("unit")))


def _ruled(clocks: RunningClocks, data: Data) -> None:
    clocks.stop(_ruling("hand-back", data["unit"]))
    if not data["upheld"]:
        return
    clocks.stop(("reported", data["unit"]))
    if data["role"] == "lead" or data["to"] not in clocks.units:  # else it is at it already
        clocks.start(("reported", data["to"]))
    clocks.moot(data["unit"])
    clocks.units = (clocks.units - {data["unit"]}) | {data["to"]}
    if data["role"] == "lead":
        clocks.lead = data["to"]
        clocks.start(HANDLING)


def _hold_decided(clocks: RunningClocks, data: Data) -> None:
    clocks.stop(_ruling("hold", data.get("unit")))
    if data["granted"]:
        clocks.rest(HANDLING, *clocks.reported())
        clocks.stop(*clocks.rulings(*WORKING))
        clocks.start(HOLD)


def _hold_over(clocks: RunningClocks, _data: Data) -> None:
    clocks.stop(HOLD)
    clocks.resume()


def _cancel_decided(clocks: RunningClocks, data: Data) -> None:
    clocks.stop(_ruling("cancel", None))
    if data["granted"]:
        clocks.end()


def _transferred(clocks: RunningClocks, _data: Data) -> None:
    clocks.stop(*clocks.rulings("transfer", "review", "hold"), HANDLING, *clocks.reported())
    clocks.moot(*clocks.units)
    clocks.units, clocks.lead = set(), None
    clocks.start(DISPATCH)


def _withdrawn(clocks: RunningClocks, data: Data) -> None:
    clocks.stop(_ruling(data["asked"], data.get("unit")))


def _closed(clocks: RunningClocks, _data: Data) -> None:
    """What a unit objects to is still to be decided."""
    owed = clocks.rulings("objection")
    clocks.end()
    clocks.start(*owed)


def _reopened(clocks: RunningClocks, data: Data) -> None:
    owed = clocks.rulings("objection", "consult")
    clocks.end()
    clocks.over = False
    clocks.start(TOTAL, *owed)
    units = data.get("units") or ()
    clocks.start(*((HANDLING,) if units else (DISPATCH,)))
    if clocks.outcome == "dispatch":
        clocks.start(*(("reported", unit) for unit in units))


def _merged(clocks: RunningClocks, _data: Data) -> None:
    clocks.aside = clocks.running - {TOTAL}
    clocks.rest(*clocks.aside)
    clocks.over = True


def _unmerged(clocks: RunningClocks, _data: Data) -> None:
    """What rested before the merge goes on resting."""
    clocks.over = False
    clocks.start(TOTAL, *clocks.aside)


_RULES: dict[str, Callable[[RunningClocks, Data], None]] = {
    "raised": _raised,
    "routed": _routed,
    "assigned": _assigned,
    "kept": _kept,
    "reported-in": _reported_in,
    "arrived": _arrived,
    "arrival.denied": lambda clocks, data: clocks.start(("reported", data["unit"])),
    "called": _called,
    "resolved": _resolved,
    "verified": _verified,
    "rejected": _rejected,
    "closed": _closed,
    "cancelled": RunningClocks.end,
    "hand-back.asked": _asked("hand-back"),
    "hand-back.ruled": _ruled,
    "extension.asked": _asked("extension"),
    "extension.decided": _decided("extension"),
    "hold.asked": _asked("hold"),
    "hold.decided": _hold_decided,
    "hold.ended": _hold_over,
    "hold.lapsed": _hold_over,
    "cancel.asked": _asked("cancel", by_unit=False),
    "cancel.decided": _cancel_decided,
    "objected": _asked("objection"),
    "objection.decided": _decided("objection"),
    "transfer.asked": _asked("transfer", by_unit=False),
    "transfer.accepted": _transferred,
    "transfer.declined": _decided("transfer"),
    "withdrawn": _withdrawn,
    "reopened": _reopened,
    "clock.climbed": _climbed,
    "review.decided": _reviewed,
    "consulted": _consulted,
    "consult.decided": _decided("consult"),
    "merged": _merged,
    "unmerged": _unmerged,
}

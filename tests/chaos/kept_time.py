"""Time that was promised is kept: over pauses, over changes of policy, and by the database's clock alone.

Only where limits and waits elapse, as in the hurried district: there a promised moment moves by exactly the pause.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from tests.chaos.evidence import Evidence, Fact, Step
from tests.chaos.running_clocks import Clock, RunningClocks

Said = Iterator[tuple[str, str]]
#: after these a clock may be due at another moment than was told, and nobody was told which
_UNTOLD = {"extension.decided", "hand-back.ruled", "assigned", "reopened", "unmerged", "arrival.denied", "sent-up"}
_MICROSECOND = timedelta(microseconds=1)


def kept(life: Iterable[Fact], ledger: Iterable[Step], fired: Mapping[str, str]) -> Said:
    """9: what a clock was to do next, it does exactly then, later by its rests and by nothing else."""
    due = {step.event: step.due_at for step in ledger}
    clocks, rested = RunningClocks(), dict[Clock, datetime]()
    promised: dict[Clock, tuple[object, set[datetime]]] = {}
    for fact in life:
        clock: Clock = (fact.data.get("stage", ""), fact.data.get("unit"))
        if fact.type in fired:
            run = (fact.data["clock"], fact.data["run"])
            told, moments = promised.pop(clock, (None, set()))
            if told == run and fact.id in due and due[fact.id] not in moments:
                yield "9", f"{fact.type} (seq {fact.seq}) was due {due[fact.id]}, promised was {sorted(moments)}"
        if (following := promise(fact)) is not None:
            promised[clock] = (fact.data["clock"], fact.data["run"]), {following}
        if "next_in" in fact.data:  # it rests
            rested[clock] = fact.at
        before, waiting = set(clocks.running), set(clocks.resting)
        clocks.take(fact.type, fact.data)
        for one in (before - clocks.running) & clocks.resting:
            rested[one] = fact.at
        for one in waiting & clocks.running:
            since = rested.pop(one, fact.at)
            if one in promised:
                promised[one] = promised[one][0], _later(promised[one][1], since, fact.at)
        if fact.type in _UNTOLD:
            promised.clear()


def promise(fact: Fact) -> datetime | None:
    """When the clock of this fact has something to say next, as far as the fact tells."""
    name = {"clock.warned": "due_at", "clock.climbed": "next_at", "clock.recomputed": "next_at"}.get(fact.type)
    if (waits := fact.data.get("next_in")) is not None:
        if "due_at" in fact.data:  # late as it was
            return datetime.fromisoformat(fact.data["due_at"])
        return fact.at + waits * _MICROSECOND
    told = fact.data.get(name) if name else None
    return datetime.fromisoformat(told) if told else None


def _later(moments: set[datetime], rested: datetime, resumed: datetime) -> set[datetime]:
    """What was over when the rest began is said at once, by the moment it had or by this one."""
    return {moment + (resumed - rested) for moment in moments if moment > rested} | (
        {resumed, *moments} if any(moment <= rested for moment in moments) else set()
    )


def recomputed(life: Iterable[Fact], limits: Mapping[str, float]) -> Said:
    """10: under another policy what was used stays used. `limits`: seconds by stage that the new policy gives."""
    for fact in life:
        if fact.type != "clock.recomputed" or fact.data["stage"] not in limits:
            continue
        used, left, full = (fact.data[name] * _MICROSECOND for name in ("used", "left", "full"))
        rests = "remaining" in fact.data
        if not rests and datetime.fromisoformat(fact.data["old_due"]) - fact.at != left:
            yield "10", f"seq {fact.seq}: {left} was not what was left"
        if used + left < full:
            yield "10", f"seq {fact.seq}: {used} used and {left} left are not the limit of {full}"
        now_left = (
            fact.data["remaining"] * _MICROSECOND if rests else datetime.fromisoformat(fact.data["due_at"]) - fact.at
        )
        wanted = timedelta(seconds=limits[fact.data["stage"]])
        if used + left == full and now_left != max(wanted - used, min(left, timedelta())):
            yield "10", f"seq {fact.seq}: {used} used and {now_left} left are not the new limit of {wanted}"


def by_the_database(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    """8: nothing happened before or after all this, whatever the hosts' clocks show. (rule, whistle, said)"""
    first, last = evidence.since, evidence.read_at
    if first is None or last is None:
        return
    for fact in evidence.log:
        if not first <= fact.at <= last:
            yield "8", fact.whistle, f"{fact.type} (seq {fact.seq}) is of {fact.at}"
    for step in evidence.ledger:
        if not first <= step.at <= last:
            yield "8", step.whistle, f"a step of {step.clock} is of {step.at}"


def taken_up(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    """11: a bad row was set aside and said so, and was taken up again once it was mended."""
    for whistle, seen in evidence.spoiled.items():
        if not seen:
            yield "11", whistle, "its bad row was not set aside"
        if not any(step.whistle == whistle for step in evidence.ledger):
            yield "11", whistle, "was mended, and does nothing"
    for whistle, reason in evidence.parked:
        yield "11", whistle, f"is still set aside: {reason}"

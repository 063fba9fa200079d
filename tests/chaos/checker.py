"""What must hold after anything: read from the log, the ledger and the clients' own journal, and from nothing else.

It knows the stages of the design's table and none of the service's code, so that an error there is not repeated here.
`python -m tests.chaos.checker URL` prints every violated rule of a database; no journal is needed for most of them.
"""

import asyncio
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from tests.chaos.announced import announced, inbound, on_lifecycle
from tests.chaos.evidence import Evidence, Fact, Step, Violation, read
from tests.chaos.kept_time import by_the_database, kept, promise, recomputed, taken_up
from tests.chaos.receipts import kept_promises
from tests.chaos.running_clocks import Clock, RunningClocks

DISTRICT_RUNG = 5
CLIMBED = "clock.climbed"
#: what the sweep logs, with the mark that its ledger row carries
FIRED = {
    "clock.warned": "warn", "clock.overdue": "due", CLIMBED: "due", "hold.lapsed": "review",
    "clock.reminded": "remind", "clock.noticed": "notice",
}  # fmt: skip
#: after these a clock may be due at another moment than was told
_MOVES = {
    "extension.decided",
    "hold.ended",
    "hold.lapsed",
    "rejected",
    "hand-back.ruled",
    "clock.recomputed",
    "assigned",
    "reopened",
    "unmerged",
}
#: a scheduler that runs takes what is due within this
PATIENCE = timedelta(seconds=30)
#: a rung that comes no later than this after its time (or a tenth of the wait) is counted from when it was due
ON_TIME = timedelta(minutes=5)


def check(evidence: Evidence) -> list[Violation]:
    """Every violation."""
    lives: dict[str, list[Fact]] = defaultdict(list)
    for fact in evidence.log:
        lives[fact.whistle].append(fact)
    ledger: dict[str, list[Step]] = defaultdict(list)
    for step in evidence.ledger:
        ledger[step.whistle].append(step)
    found: list[Violation] = []
    for whistle in lives.keys() | ledger.keys():
        life = sorted(lives[whistle], key=lambda fact: fact.seq)
        for rule, said in _one(life, ledger[whistle], evidence):
            found.append(Violation(rule, whistle, said))
    found += _orders(evidence.log)
    found += [Violation(*one) for one in (*by_the_database(evidence), *taken_up(evidence))]
    if evidence.topic is not None:
        found += on_lifecycle(lives, evidence.topic)
    if evidence.raised is not None:
        found += announced(lives, evidence.raised)
    if evidence.inbound is not None:
        found += inbound(evidence.inbound)
    if evidence.journal is not None:
        found += kept_promises(lives, evidence.journal)
    return sorted(found, key=lambda one: (one.rule, one.whistle, one.said))


Said = Iterator[tuple[str, str]]


def _one(life: list[Fact], ledger: list[Step], evidence: Evidence) -> Said:
    yield from _contiguous(life)
    yield from _once(life, ledger)
    yield from _not_early(life, ledger)
    yield from _rungs(life)
    yield from _full_time(life, ledger, evidence.waits)
    yield from _running(life, evidence.until)
    if evidence.waits:
        yield from kept(life, ledger, FIRED)
        yield from recomputed(life, evidence.limits)


def _contiguous(life: list[Fact]) -> Said:
    """12: a log without gaps or doubles, and no time that runs backwards."""
    seqs = [fact.seq for fact in life]
    if seqs != list(range(1, len(seqs) + 1)):
        yield "12", f"seq is {seqs}"
    for before, after in pairwise(life):
        if after.at < before.at:
            yield "12", f"{after.type} (seq {after.seq}) is before {before.type}"


def _once(life: list[Fact], ledger: list[Step]) -> Said:
    """2 and 5: one ledger row for each step, one fact for each ledger row, whoever swept."""
    keys = Counter((step.clock, step.run, step.rung, step.mark, step.nth) for step in ledger)
    for key, n in keys.items():
        if n > 1:
            yield "2", f"{n} ledger rows for {key}"
    fired = {fact.id: fact for fact in life if fact.type in FIRED}
    by_event = Counter(step.event for step in ledger)
    for fact in fired.values():
        if by_event[fact.id] != 1:
            yield "5", f"{fact.type} (seq {fact.seq}) has {by_event[fact.id]} ledger rows"
    for step in ledger:
        told = fired.get(step.event)
        if told is None:
            yield "5", f"ledger row of {step.clock} rung {step.rung} {step.mark} without its fact"
        elif (told.data["clock"], told.data["run"], FIRED[told.type], told.at) != (
            step.clock, step.run, step.mark, step.at,
        ):  # fmt: skip
            yield "5", f"ledger row and fact (seq {told.seq}) differ"


def _not_early(life: list[Fact], ledger: list[Step]) -> Said:
    """1: never before it is due."""
    for step in ledger:
        if step.at < step.due_at:
            yield "1", f"{step.mark} on rung {step.rung} fired {step.due_at - step.at} before it was due"
    announced: dict[tuple[str, int], datetime] = {}
    for fact in life:
        if fact.type == "sent-up":
            announced.clear()
        if fact.type != CLIMBED:
            continue
        due = fact.data.get("due_at")
        if due and fact.at < datetime.fromisoformat(due):
            yield "1", f"seq {fact.seq} climbs before the stage ran out"
        key = fact.data["clock"], fact.data["run"]
        if key in announced and fact.at < announced[key]:
            yield "1", f"seq {fact.seq} climbs before the moment that the rung below was given"
        if fact.data.get("next_at"):
            announced[key] = datetime.fromisoformat(fact.data["next_at"])


def _climbs(life: list[Fact]) -> dict[tuple[str, int], list[Fact]]:
    runs: dict[tuple[str, int], list[Fact]] = defaultdict(list)
    for fact in life:
        if fact.type == CLIMBED:
            runs[fact.data["clock"], fact.data["run"]].append(fact)
    return runs


def _rungs(life: list[Fact]) -> Said:
    """3: no rung skipped without saying so, none twice, none beyond the district."""
    for climbs in _climbs(life).values():
        rungs = [fact.data["rung"] for fact in climbs]
        first = rungs[0]
        told = [row["rung"] for row in climbs[0].data.get("informed") or ()]
        if told != list(range(1, first)):
            yield "3", f"starts on rung {first} and informs {told}"
        if rungs != list(range(first, first + len(rungs))):
            yield "3", f"climbs {rungs}"
        if rungs[-1] > DISTRICT_RUNG:
            yield "3", f"climbs beyond the district: {rungs}"


def _full_time(life: list[Fact], ledger: list[Step], waits: Mapping[int, float]) -> Said:
    """7: however late a rung came, the next one has its full time."""
    due = {step.event: step.due_at for step in ledger}
    for fact in life:
        wait = waits.get(fact.data.get("rung", 0) + 1)
        if fact.type != CLIMBED or wait is None or fact.id not in due or not fact.data.get("next_at"):
            continue
        given = datetime.fromisoformat(fact.data["next_at"]) - fact.at
        full = timedelta(seconds=wait)
        late = fact.at - due[fact.id]
        least = full if late > min(ON_TIME, full / 10) else full - late
        if given < least:
            yield "7", f"seq {fact.seq}: rung {fact.data['rung'] + 1} is given {given}, not {least}"


def _running(life: list[Fact], until: datetime | None) -> Said:
    """4 and 14: only what runs can fire; and something runs, or somebody has signed for its rest."""
    clocks = RunningClocks()
    to_come: dict[Clock, tuple[Fact, datetime]] = {}
    for fact in life:
        if fact.type in FIRED:
            clock: Clock = (fact.data["stage"], fact.data.get("unit"))
            if clock not in clocks.running:
                yield "4", f"{fact.type} (seq {fact.seq}) of {clock}, which does not run"
            to_come.pop(clock, None)
            if (following := promise(fact)) is not None:
                to_come[clock] = fact, following
        clocks.take(fact.type, fact.data)
        to_come = {} if fact.type in _MOVES else {one: it for one, it in to_come.items() if one in clocks.running}
        if not clocks.over and not clocks.somebody_answers:
            yield "14", f"after {fact.type} (seq {fact.seq}) nothing runs"
    for clock, (fact, following) in to_come.items():
        if until is not None and following + PATIENCE < until:
            yield "14", f"{clock} should have fired at {following} (seq {fact.seq} says), and did not"


def _orders(log: Iterable[Fact]) -> list[Violation]:
    """Each supervision order has a number of its own, and each step to the district has one."""
    found: list[Violation] = []
    numbers: dict[int, Fact] = {}
    for fact in log:
        if fact.type != CLIMBED or fact.data["rung"] != DISTRICT_RUNG:
            continue
        order = fact.data.get("order")
        if order is None:
            found.append(Violation("order", fact.whistle, f"seq {fact.seq} reaches the district without an order"))
        elif order in numbers:
            found.append(Violation("order", fact.whistle, f"order {order} was issued twice"))
        else:
            numbers[order] = fact
    return found


def main() -> None:
    """Print what is violated; exit code 1 where anything is."""
    found = check(asyncio.run(read(sys.argv[1])))
    for one in found:
        print(one)
    print(f"{len(found)} violations")
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()

"""What must hold of what stands on the topics: everything that was taken or happened left, and nothing else."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tests.chaos.evidence import Fact, Inbound, Violation

#: what another system is told
ACCEPTED, REFUSED = "inbound.accepted.v1", "inbound.refused.v1"


def on_lifecycle(lives: Mapping[str, list[Fact]], topic: Sequence[tuple[str, int, str]]) -> list[Violation]:
    """12 and 13: every fact from routing on left once or more, and nothing else; first occurrences in order."""
    found: list[Violation] = []
    first: dict[str, list[int]] = defaultdict(list)
    seen: set[str] = set()
    logged = {fact.id for life in lives.values() for fact in life}
    for whistle, seq, id in topic:
        if id not in logged:
            found.append(Violation("12", whistle, f"seq {seq} left, and is not in the log"))
        if id not in seen:
            seen.add(id)
            first[whistle].append(seq)
    for whistle, seqs in first.items():
        if seqs != sorted(seqs):
            found.append(Violation("13", whistle, f"first occurrences in the order {seqs}"))
    for whistle, life in lives.items():
        found += [
            Violation("12", whistle, f"{fact.type} (seq {fact.seq}) never left")
            for fact in life
            if fact.id not in seen and fact.type != "raised"
        ]
    return found


def announced(lives: Mapping[str, list[Fact]], raised: Sequence[str]) -> list[Violation]:
    """12: every whistle that was taken is on a topic of those just raised, unless it stays below the street, though
    the reconciler had routed it meanwhile; and nothing else is."""
    taken = {
        whistle
        for whistle, life in lives.items()
        for one in life
        if one.type == "raised" and one.data.get("via") != "local"
    }
    found = [Violation("12", one, "was taken, and never announced") for one in taken - set(raised)]
    return found + [Violation("12", one, "was announced, and is not in the log") for one in set(raised) - lives.keys()]


def inbound(told: Inbound) -> list[Violation]:
    """What another system sent is answered, and is a dead letter where it is spoiled, and only there. Of what was tried
    last nobody knows whether it arrived."""
    spoiled, unknown = told.spoiled, told.tried - told.sent
    forbidden = {name for name, reason in spoiled.items() if reason == "forbidden-source"}
    wanted = {
        "dead letter": (set(spoiled.items()), told.letters),
        "answer": (
            {(ACCEPTED, name) for name in told.tried - spoiled.keys()} | {(REFUSED, name) for name in forbidden},
            told.answers,
        ),
    }
    found: list[Violation] = []
    for what, (due, there) in wanted.items():
        lacking = {one for one in due - there if not unknown & set(one)}
        found += [Violation("inbound", str(one), f"{what} is lacking") for one in lacking]
        found += [Violation("inbound", str(one), f"{what} is too much") for one in there - due]
    return found

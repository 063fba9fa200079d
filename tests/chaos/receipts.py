"""What clients were promised: a receipt is one whistle, routed as often as it is to be; what was done is in the log."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tests.chaos.evidence import Fact, Journal, Violation

#: an act of the API → the facts that show it done; who is on site, or has solved it, has reported in by that
FACTS = {
    "report-in": {"reported-in", "arrived", "resolved"}, "arrive": {"arrived"}, "leave": {"left"}, "note": {"noted"},
    "resolve": {"resolved"}, "deny-arrival": {"arrival.denied"},
    "verify": {"verified", "rejected"}, "feedback": {"answered"}, "close": {"closed"}, "reopen": {"reopened"},
    "assign": {"assigned"}, "urge": {"urged"}, "hand-back": {"hand-back.asked"}, "rule": {"hand-back.ruled"},
    "cancel": {"cancelled"}, "merge": {"merged"}, "unmerge": {"unmerged"},
    "request-hold": {"hold.asked"}, "decide-hold": {"hold.decided"}, "resume": {"hold.ended"},
    "request-extension": {"extension.asked"}, "decide-extension": {"extension.decided"},
    "transfer": {"transfer.asked"}, "accept-transfer": {"transfer.accepted"}, "decline-transfer": {"transfer.declined"},
}  # fmt: skip
#: answered as done, too, where somebody of another seat has just done the same
_ALREADY = {"assign"}
#: whoever does this takes it out of the hands of the duty list
_TAKEN = {"assigned", "kept", "cancelled"}


def kept_promises(lives: Mapping[str, list[Fact]], journal: Journal) -> list[Violation]:
    """A receipt is one whistle, routed whenever it is to be; what was answered as done is in the log, once."""
    found: list[Violation] = []
    for receipt in journal.receipts:
        life = sorted(lives.get(receipt.whistle, ()), key=lambda fact: fact.seq)
        raised = sum(1 for fact in life if fact.type == "raised")
        if raised != 1:
            found.append(Violation("receipt", receipt.whistle, f"{receipt.key}: raised {raised} times"))
        found += [Violation("receipt", receipt.whistle, f"{receipt.key}: {said}") for said in _routings(life)]
    whistles = Counter(receipt.whistle for receipt in journal.receipts)
    found += [Violation("receipt", one, f"given for {n} keys") for one, n in whistles.items() if n > 1]
    if journal.receipts:
        # rows of a register and messages of another system have no receipt: `Others` counts them
        unknown = [
            one for one in lives.keys() - whistles.keys() if lives[one][0].data.get("via") not in ("import", "inbound")
        ]
        found += [Violation("receipt", one, "raised without a receipt: doubled") for one in unknown]
    for act in set(journal.answered):
        times = _logged(lives.get(act.whistle, ()), act.action, None if act.action in _ALREADY else act.seat)
        if not times:
            found.append(Violation("12", act.whistle, f"{act.action} by {act.seat} was answered and is not in the log"))
    keyed = Counter((act.whistle, act.action, act.seat) for act in set(journal.answered) if act.key)
    for (whistle, action, seat), sent in journal.sent.items():
        times = _logged(lives.get(whistle, ()), action, seat)
        if not keyed[whistle, action, seat] <= times <= sent:
            found.append(Violation("12", whistle, f"{action} by {seat}: sent {sent} times, in the log {times} times"))
    return found


def _routings(life: Iterable[Fact]) -> Iterator[str]:
    """Once for its receipt; once more for each street that takes it over, and each reopening without units. Who is
    assigned, called off or merged first is not routed."""
    waits = merged = False
    for fact in life:
        match fact.type:
            case "routed" if not waits or merged:
                yield f"routed (seq {fact.seq}), and did not wait for it"
            case "raised" | "transfer.accepted":
                waits = True
            case "reopened" if not merged:  # with its main one it only waits for that again
                waits = not fact.data.get("units")
            case "merged" | "unmerged":
                merged = fact.type == "merged"
            case "cancel.decided" if fact.data["granted"]:
                waits = False
        if fact.type == "routed" or fact.type in _TAKEN:
            waits = False
    if waits and not merged:
        yield "is to be routed, and was not"


def _logged(life: Iterable[Fact], action: str, seat: str | None) -> int:
    return sum(1 for fact in life if seat in (None, fact.seat) and fact.type in FACTS[action])

"""What happens to a whistle from its routing on: one envelope for every fact of the log, for other systems.

The type names the fact (`whistle.assigned.v1`), `sequence` its place in the whistle's log, `detail` its codes, ids,
moments and numbers as the log has them. Consumers take a fact as a signal and ask the service for the present state.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from typing_extensions import TypeAliasType

from schemas import topics
from schemas.event import Event
from schemas.fields import Code, Count, Message, Moment, travelling

Value = TypeAliasType("Value", "Code | bool | int | float | list[Value] | dict[Code, Value] | None")

#: the log's event types and what each says; on the wire `whistle.<type>.v1`
FACTS: dict[str, str] = {
    "routed": "The duty list decided: outcome, lead, assisting units, rule.",
    "assigned": "A person assigned units (the desk, or the street by naming them).",
    "called": "The street called a further unit (召集).",
    "kept": "The street, or a level below it (`local`), keeps it and solves it itself.",
    "sent-up": "A level below the street passed it up.",
    "reported-in": "A unit signed for it (报到).",
    "arrived": "A unit is on site.",
    "arrival.denied": "The street says that the unit did not come (未到场).",
    "left": "A unit left before it was done.",
    "noted": "A note was written.",
    "resolved": "The lead (or a unit, for its part) says that it is solved.",
    "verified": "The street confirmed it.",
    "rejected": "The street refused the result; the original clock goes on (返工).",
    "answered": "Whoever raised it got the answer (反馈).",
    "called-back": "Whoever raised it was called back (回访).",
    "evaluated": "A unit was evaluated (评价).",
    "closed": "Closed and filed.",
    "hand-back.asked": "A unit hands it back (退单).",
    "hand-back.ruled": "The desk ruled on a hand-back.",
    "extension.asked": "A unit asks for more time (延期).",
    "extension.decided": "More time was granted or refused.",
    "hold.asked": "A unit asks to put it on hold (挂账).",
    "hold.decided": "The hold was granted or refused.",
    "hold.ended": "The hold ended; handling goes on.",
    "hold.lapsed": "The review date of a hold came.",
    "urged": "Somebody urged (催办).",
    "explained": "A late unit explained itself.",
    "instructed": "An instruction went down the chain (贯彻).",
    "instruction.signed": "A node signed for an instruction.",
    "taken-over": "A person in charge took over.",
    "sent-down": "It was sent down the chain.",
    "consulted": "Units were called to one table (会商), or (`asked`) a unit asks for it.",
    "consult.decided": "A unit's asking for a consultation was granted (it is convened) or refused.",
    "minuted": "Minutes of a consultation were kept.",
    "child.added": "A further whistle was split off.",
    "merged": "It became part of another whistle (并单).",
    "unmerged": "It stands by itself again.",
    "objected": "A unit objects.",
    "objection.decided": "An objection was decided. `detail.struck`: what the unit was rated before is void.",
    "review.decided": "The district reviewed the second refusal: it stands, or the result holds after all (区复核).",
    "reopened": "It was opened again.",
    "cancel.asked": "The street asks to cancel it.",
    "cancel.decided": "The request to cancel was decided.",
    "cancelled": "It was cancelled.",
    "transfer.asked": "A unit wants to pass it to another one.",
    "transfer.accepted": "The other unit took it.",
    "transfer.declined": "The other unit did not take it.",
    "withdrawn": "A request was withdrawn.",
    "accountable.changed": "Reserved, not sent: `detail.accountable` of any fact says which rung answers from then on.",
    "clock.warned": "A clock has used most of its time.",
    "clock.overdue": "A stage ran out of time.",
    "clock.climbed": "An overdue stage climbed one rung.",
    "clock.reminded": "At the district: one more reminder.",
    "clock.noticed": "At the district: a written notice (通报).",
    "cover.missing": "Nobody of a unit is on duty while an emergency's clock runs (没人在岗).",
    "clock.recomputed": "A deadline was computed anew (calendar or policy).",
    "supervision.ordered": "Reserved, not sent: `detail.order` of `clock.climbed` is the number of a 督办单.",
}


class FactV1(Message):
    """One fact of a whistle's log, with the state it left behind."""

    whistle: UUID
    number: Count
    district: Code
    sequence: Count
    at: Moment
    kind: Code
    status: Code
    version: Count
    gen: Count
    seat: Code | None = None
    """The post that acted; absent: the service itself."""
    detail: dict[Code, Value]


def from_domain(
    *,
    id: UUID,
    type: str,
    data: Mapping[str, Any],
    at: datetime,
    whistle: UUID,
    number: int,
    district: str,
    sequence: int,
    kind: str,
    status: str,
    version: int,
    gen: int,
    seat: str | None = None,
    urgent: bool = False,
    traceparent: str | None = None,
) -> Event:
    """The event of one fact of the log; whatever in `data` may not travel is left out.

    `urgent` must be the same for every fact of a whistle (its kind at intake), or order is lost.
    """
    key = str(whistle)
    return Event(
        topics.LIFECYCLE,
        key,
        str(id),
        "/dispatch/" + district,
        "whistle." + type + ".v1",
        at,
        {
            "whistle": key,
            "number": number,
            "district": district,
            "sequence": sequence,
            "at": at,
            "kind": kind,
            "status": status,
            "version": version,
            "gen": gen,
            "seat": seat,
            "detail": travelling(data),
        },
        subject=str(number),
        sequence=sequence,
        traceparent=traceparent,
        urgent=urgent,
    )

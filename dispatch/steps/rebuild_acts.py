"""What somebody did, read back from the fact that the log has of it: the action and its fields.

Free text is not in the log; where a rule wants some, a mark stands for it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dispatch.domain.case import RAISED, Actor, Case, Facts

Data = Mapping[str, Any]
Fields = dict[str, Any]
#: stands for a text
SAID = "·"


def _nothing(_data: Data) -> Fields:
    return {}


def _same(*names: str) -> Callable[[Data], Fields]:
    """The fields stand in the log under their own names."""
    return lambda data: {name: data[name] for name in names if name in data}


def _texts(names: Mapping[str, str], *same: str) -> Callable[[Data], Fields]:
    """`names`: field → the key under which the log has the text's id; `same`: fields that stand there themselves."""
    plain = _same(*same)
    return lambda data: {**plain(data), **{field: SAID for field, key in names.items() if data.get(key)}}


def _moment(name: str, *same: str, texts: tuple[str, ...] = ()) -> Callable[[Data], Fields]:
    rest = _texts({text: text for text in texts}, *same)

    def fields(data: Data) -> Fields:
        found = rest(data)
        if data.get(name):
            found[name] = datetime.fromisoformat(data[name])
        return found

    return fields


def _verified(accepted: bool) -> Callable[[Data], Fields]:
    rest = _texts({"note": "note"}, "photos", "reason")
    return lambda data: {**rest(data), "accepted": accepted}


def _joined(name: str) -> Callable[[Data], Fields]:
    """The other whistle of the act."""
    return lambda data: {"main": other(data[name], data.get("number", 0))}


def other(id: str, number: int) -> Case:
    """Another whistle, of which the rules ask only which one it is."""
    facts = Facts(UUID(id), number, "", datetime.min.replace(tzinfo=UTC), "appeal", False, None, None, "")
    return Case(facts, RAISED, 1, 1, 1, None, None, None, 0, facts.received_at)


#: fact → the action of the state machine's table that logs it, and how to read its fields
ACTS: dict[str, tuple[str, Callable[[Data], Fields]]] = {
    "reported-in": ("report-in", _nothing),
    "arrived": ("arrive", _texts({"note": "note"}, "latitude", "longitude", "photo")),
    "left": ("leave", _texts({"reason": "reason"})),
    "noted": ("note", _texts({"text": "text"})),
    "resolved": ("resolve", _texts({"reply": "reply", "reason": "reason"}, "photos")),
    "hand-back.asked": ("hand-back", _texts({"reason": "reason"}, "clause", "to")),
    "extension.asked": ("request-extension", _moment("until", texts=("reason",))),
    "hold.asked": ("request-hold", _moment("review_on", texts=("reason",))),
    "withdrawn": ("withdraw", lambda data: {"kind": data["asked"]}),
    "explained": ("explain", _texts({"text": "text"})),
    "instruction.signed": ("sign-instruction", _same("request")),
    "objected": ("object", _texts({"text": "text"})),
    "called": ("call", _same("unit", "role")),
    "kept": ("keep", _texts({"reason": "reason"})),
    "verified": ("verify", _verified(accepted=True)),
    "rejected": ("verify", _verified(accepted=False)),
    "answered": ("feedback", _texts({"reply": "reply"})),
    "called-back": ("callback", _same("reached", "responded", "solved", "satisfied")),
    "evaluated": ("evaluate", _same("unit", "responded", "solved", "satisfied")),
    "closed": ("close", _nothing),
    "cancelled": ("cancel", _texts({"reason": "reason"})),
    "cancel.asked": ("request-cancel", _texts({"reason": "reason"})),
    "transfer.asked": ("transfer", _same("to")),
    "transfer.accepted": ("accept-transfer", _nothing),
    "transfer.declined": ("decline-transfer", _nothing),
    "arrival.denied": ("deny-arrival", _same("unit")),
    "reopened": ("reopen", _texts({"reason": "reason"})),
    "assigned": ("assign", _texts({"reason": "reason"}, "lead", "assist")),
    "hand-back.ruled": ("rule", _texts({"reason": "reason"}, "unit", "upheld", "to")),
    "extension.decided": ("decide-extension", _moment("until", "unit", "granted", texts=("reason",))),
    "hold.decided": ("decide-hold", _same("unit", "request", "granted")),
    "hold.ended": ("resume", _nothing),
    "cancel.decided": ("decide-cancel", _same("granted")),
    "objection.decided": ("decide-objection", _same("unit", "granted")),
    "urged": ("urge", _texts({"text": "text"}, "unit")),
    "instructed": ("instruct", _texts({"text": "text"}, "unit")),
    "taken-over": ("take-over", _nothing),
    "sent-down": ("send-down", _nothing),
    "sent-up": ("send-up", _texts({"reason": "reason"})),
    "consulted": ("consult", _moment("at", "units", texts=("text",))),
    "consult.decided": ("decide-consult", _moment("at", "unit", "granted", texts=("reason",))),
    "minuted": ("minutes", _texts({"text": "text"}, "children", "numbers")),
    "review.decided": ("decide-review", _texts({"reason": "reason"}, "granted")),
    "merged": ("merge", _joined("into")),
    "unmerged": ("unmerge", _nothing),
    "child.added": ("add-child", _same("child", "number")),
}


def actor_of(person: str | None, seat: str | None, data: Data) -> Actor:
    """Who acted, from the seat's code (`unit:XF:liaison`, `node:130403011:head`)."""
    kind, _, rest = (seat or "").partition(":")
    code = rest.rpartition(":")[0] or None
    return Actor(
        role="replayed",
        person=person,
        seat=seat,
        node=code if kind == "node" else data.get("node"),
        unit=code if kind == "unit" else None,
    )

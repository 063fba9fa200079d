"""What people of the crowd do with a whistle that they look at, and what they write down for it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.chaos.receipts import FACTS

#: streets that pass whistles on to each other; the first one's raise them
STREETS = ("130403011", "130403002", "130403003")
DESK, SECRETARY = "node:130403:dispatcher", f"node:{STREETS[0]}:head"
#: how gladly it is done, where not as the rest: what puts clocks to rest, lets them count on or answers somebody rather
#: than anything else, or a run would see little of it; what ends a whistle, or takes it from those at work, seldom
GLADLY = {
    "note": 1, "urge": 1, "request-hold": 2, "request-extension": 2, "resolve": 12, "verify": 12, "decide-hold": 12,
    "decide-extension": 12, "accept-transfer": 8, "decline-transfer": 4, "resume": 8, "feedback": 12, "close": 8,
    "reopen": 3, "transfer": 2, "merge": 2, "cancel": 0.3, "": 1,
}  # fmt: skip
GLAD = 4

Shown = Mapping[str, Any]


def clerk(street: str) -> str:
    """The seat of a street's clerk."""
    return f"node:{street}:clerk"


def who(shown: Shown, dice: Random) -> str:
    """Somebody who has to do with it, mostly of the units; whoever is asked to take it over, rather than others."""
    units = [part["unit"] for part in shown["assignments"] if part["role"] != "inform"]
    asked = [one["data"]["to"] for one in shown["requests"] if (one["kind"], one["status"]) == ("transfer", "pending")]
    seats = [clerk(shown["raised_by"]["node"]), DESK, SECRETARY, *(f"unit:{unit}:liaison" for unit in units * 2)]
    return dice.choice(seats + [clerk(to) for to in asked] * len(seats))


def choice(shown: Shown, dice: Random) -> str | None:
    """One of the acts that are possible, or none after all."""
    # assigning again what the list assigned is answered as done and changes nothing: only what is at the desk
    left = "cancel" if shown["status"] == "at-desk" else "assign"
    possible = [None, *(action for action in shown["allowed_actions"] if action in FACTS and action != left)]
    return dice.choices(possible, [GLADLY.get(action or "", GLAD) for action in possible])[0]


def fields(action: str, shown: Shown, others: Iterable[int], dice: Random) -> dict[str, Any]:
    """What is written down for an act; `others`: numbers of whistles that this one may be a double of."""
    match action:
        case "arrive":
            return {"latitude": 36.61, "longitude": 114.51}
        case "note":
            return {"text": "看过现场"}
        case "resolve":
            return {"reply": "已处理", "reason": "协办不用到"}
        case "verify":
            accepted = dice.random() < 0.6
            return {"accepted": accepted} | ({} if accepted else {"reason": "not-done", "note": "没做完"})
        case "feedback":
            return {"reply": "已经处理好了"}
        case "assign":
            return {"lead": dice.choice(["CG", "ZJ"]), "assist": []}
        case "hand-back":
            return {"reason": "不归我们", "to": dice.choice(["SC", "MZ"])}
        case "rule":
            return {"upheld": dice.random() < 0.5}
        case "request-hold":
            return {"reason": "等配件", "review_on": "2099-01-01T00:00:00+08:00"}
        case "decide-hold" | "decide-extension":
            return {"granted": dice.random() < 0.5}
        case "cancel" | "reopen":
            return {"reason": "又来电了"}
        case _:
            return _elsewhere(action, shown, others, dice)


def _elsewhere(action: str, shown: Shown, others: Iterable[int], dice: Random) -> dict[str, Any]:
    """Acts that depend on what is seen: another deadline, another street, another whistle, somebody on site."""
    match action:
        case "request-extension":
            due = next(clock["due_at"] or shown["as_of"] for clock in shown["clocks"] if clock["stage"] == "handling")
            until = datetime.fromisoformat(due) + timedelta(seconds=dice.uniform(2, 8))
            return {"reason": "材料没到", "until": until.isoformat()}
        case "transfer":
            return {"to": dice.choice([street for street in STREETS if street != shown["raised_by"]["node"]])}
        case "merge":
            return {"into": str(dice.choice([number for number in others if number != shown["number"]] or [0]))}
        case "deny-arrival":
            here = [part["unit"] for part in shown["assignments"] if part["status"] == "on-site"]
            return {"unit": dice.choice(here)} if here else {}
        case _:
            return {}

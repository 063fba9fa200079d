"""What a label says of a whistle beside its state, read together with its facts: nothing is decided by it."""

from collections.abc import Iterable

import asyncpg
import orjson

from dispatch.domain.case import Aside

#: what is told by the log alone, and the deeds that put an end to urging
_TOLD = ("urged", "explained", "answered", "called-back", "evaluated", "reopened")
_DEEDS = (
    "routed", "assigned", "kept", "reported-in", "arrived", "noted", "resolved", "hand-back.asked", "hand-back.ruled",
    "extension.asked", "hold.asked", "rejected", "verified",
)  # fmt: skip
_TYPES = ", ".join(f"'{one}'" for one in (*_TOLD, *_DEEDS))

#: of `whistle w`: how many of its children have ended, and how many there are; those that are hidden from more people
#: than their parent are not counted
CHILDREN = """
       (SELECT ARRAY[count(*) FILTER (WHERE cs.status IN ('closed', 'cancelled', 'merged')), count(*)]
        FROM whistle ch JOIN whistle_state cs ON cs.id = ch.id
        WHERE ch.parent = w.id AND (w.sealed OR NOT ch.sealed) AND ch.hidden_from <@ w.hidden_from) AS children"""
#: columns beside those of `whistle w`. Of the log only the months between receipt and last event are looked at
COLUMNS = f"""
       (SELECT m.number FROM whistle m WHERE m.id = w.merged_into) AS main_number,{CHILDREN},
       (SELECT jsonb_build_array(count(*), jsonb_agg(
                 jsonb_build_array(e.type, e.data ->> 'unit', e.data -> 'reached') ORDER BY e.seq
               ) FILTER (WHERE e.type IN ({_TYPES})))
        FROM whistle_event e WHERE e.whistle = w.id AND e.at >= w.received_at
          AND e.at <= (SELECT s.last_at FROM whistle_state s WHERE s.id = w.id)) AS log"""


def read(row: asyncpg.Record, seq: int) -> Aside:
    """From a row with `COLUMNS`; `seq` is the whistle's last place in its log: what is missing was archived."""
    found, told = orjson.loads(row["log"])
    done, children = row["children"]
    return Aside(row["main_number"], (done, children), found < seq, *_stands(told or ()))


def _stands(told: Iterable[tuple[str, str | None, bool | None]]) -> tuple[bool, tuple[str, ...], dict[str | None, str]]:
    """Whether the source was reached, which units are rated, and what was said last to each (None: to all) unheeded."""
    reached, rated, said = False, dict[str, None](), dict[str | None, str]()
    for kind, unit, heard in told:
        match kind:
            case "urged" | "explained":
                said.pop(unit, None)
                said[unit] = kind
            case "answered":
                reached = False
            case "called-back":
                reached = reached or bool(heard)
            case "evaluated":
                rated[str(unit)] = None
            case "reopened":
                reached, rated, said = False, {}, {}
            case "noted" | "arrived" if unit is None:
                pass  # somebody of the chain went to look: the unit has not stirred
            case _ if unit is None or kind in ("resolved", "rejected", "verified"):
                said = {}
            case _:
                said.pop(unit, None)
    return reached, tuple(rated), said

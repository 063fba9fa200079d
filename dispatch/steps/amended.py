"""What pages changed of a district's documents, laid over what its files say: the one place that knows both.

Each document keeps what was changed on pages under `amended`, beside the whole that follows from it. When the files are
loaded again the changes are laid over the new files; what no longer fits (a place that is gone, a unit that the duty
list needs) has no effect.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

from dispatch.domain.tree import LEVELS
from dispatch.steps.reading.places import initials_of

#: of a unit's row, what a page may set
UNIT_FIELDS = ("name", "short", "calendar", "duty")
_CODE, _PARENT, _KIND, _NAME, _BUILDINGS = 0, 1, 2, 3, 5


def carried(fresh: Mapping[str, Any], stood: Mapping[str, Any]) -> dict[str, Any]:
    """Documents as read from the files, with what stands amended laid over them."""
    made = dict(fresh)
    if "roster" in stood.get("people", {}):
        made["people"] = made["people"] | {"roster": stood["people"]["roster"]}
    own = {kind: deepcopy(amended) for kind in ("tree", "units", "calendars")
           if (amended := stood.get(kind, {}).get("amended"))}  # fmt: skip
    if "tree" in own:
        made["tree"] = _tree(made, own["tree"])
    if "units" in own:  # the duty list in force may be the desk's, not the file's
        made["units"] = _units(made, own["units"], needed_units(made) | needed_units(stood))
    if "calendars" in own:
        made["calendars"] = _calendars(made, own["calendars"])
    return made


def count_of(documents: Mapping[str, Any]) -> dict[str, int]:
    """How many seats, places, units and days are as pages changed them."""
    roster = documents["people"].get("roster", {})
    counts = {"people": len(roster.get("seats", ())) + len(roster.get("rota", ()))}
    for kind in ("tree", "units"):
        own = documents[kind].get("amended", {})
        counts[kind] = sum(len(own.get(part, ())) for part in ("set", "added", "ended"))
    counts["calendars"] = len(documents["calendars"].get("amended", ()))
    return {kind: count for kind, count in counts.items() if count}


def amend(documents: dict[str, Any], kind: str) -> dict[str, Any]:
    """What pages changed of a document, to be added to; `relay` afterwards."""
    empty: dict[str, Any] = {"set": {}, "added": [], "ended": []}
    found: dict[str, Any] = documents[kind].setdefault("amended", empty)
    return found


def relay(documents: dict[str, Any]) -> None:
    """Lay what was amended over documents that it was laid over before."""
    if amended := documents["tree"].get("amended"):
        documents["tree"] = _tree(documents, amended)
    if amended := documents["units"].get("amended"):
        documents["units"] = _units(documents, amended, needed_units(documents))


def _tree(documents: Mapping[str, Any], amended: dict[str, Any]) -> dict[str, Any]:
    rows = [list(row) for row in documents["tree"]["rows"]]
    known = {row[_CODE] for row in rows}
    for row in amended["added"]:
        if row[_PARENT] in known and row[_CODE] not in known:
            rows.append(list(row))
            known.add(row[_CODE])
    gone = set(amended["ended"])
    kept: list[list[Any]] = []
    for row in rows:  # parents stand before what is below them
        if row[_CODE] in gone or row[_PARENT] in gone:
            gone.add(row[_CODE])
            continue
        change = amended["set"].get(row[_CODE], {})
        row[_NAME] = change.get("name", row[_NAME])
        row[_BUILDINGS] = change.get("buildings", row[_BUILDINGS])
        kept.append(row)
    return {**documents["tree"], "rows": kept, "initials": initials_of(kept), "amended": amended}  # type: ignore[arg-type]


def _units(documents: Mapping[str, Any], amended: dict[str, Any], needed: set[str]) -> dict[str, Any]:
    rows = [dict(row) for row in documents["units"]["units"]]
    known = {row["code"] for row in rows}
    rows += [dict(row) for row in amended["added"] if row["code"] not in known]
    places = {row[_CODE] for row in documents["tree"]["rows"]}
    calendars = {row["code"] for row in documents["calendars"]["calendars"]}
    gone = set(amended["ended"]) - needed
    kept = []
    for row in rows:
        if row["code"] in gone or (row["place"] is not None and row["place"] not in places):
            continue
        change = dict(amended["set"].get(row["code"], {}))
        if change.get("calendar") not in calendars:
            change.pop("calendar", None)
        kept.append(row | change)
    return {**documents["units"], "units": kept, "amended": amended}


def _calendars(documents: Mapping[str, Any], amended: list[dict[str, Any]]) -> dict[str, Any]:
    written = list(documents["calendars"].get("exceptions") or [])
    taken = {day for one in written for day in days_of(one)}
    fits = [one for one in amended if not taken & set(days_of(one))]
    return {**documents["calendars"], "exceptions": written + fits, "amended": fits}


def days_of(entry: Mapping[str, Any]) -> Iterator[str]:
    """The days of one exception of the calendar."""
    first = date.fromisoformat(str(entry["date"]))
    last = date.fromisoformat(str(entry.get("to") or first))
    for n in range((last - first).days + 1):
        yield str(first + timedelta(days=n))


def needed_units(documents: Mapping[str, Any]) -> set[str]:
    """Units that the duty list or the words of avoidance name."""
    duties = documents["duties"]["duties"]
    named = {duty["lead"] for duty in duties} | {unit for duty in duties for unit in duty["assist"]}
    return named | set(documents["words"]["avoidance"]["aliases"])


def kinds_below(kind: str) -> tuple[str, ...]:
    """Kinds of places that may be added below a place of this kind."""
    below = {
        "district": ("street", "township"),
        "street": ("community", "village"),
        "township": ("community", "village"),
        "community": ("compound", "grid"),
        "village": ("compound", "grid"),
        "grid": ("lane",),
    }
    found = below.get(kind, ())
    assert all(LEVELS[one] == LEVELS[kind] - 1 for one in found)
    return found

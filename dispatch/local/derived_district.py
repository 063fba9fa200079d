"""A district made from a register of past cases: its places, its units, and a duty list of who got what.

For trying the service on another city's real data. Everything written says that it is derived, or an example.
"""

import shutil
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from dispatch.domain.derive import Derived, as_duties, derive
from dispatch.steps.import_files import Row, WrongFile
from dispatch.steps.import_mapping import DeriveRule, ImportMapping

DEMO = Path(__file__).parents[2] / "deploy" / "demo"
NOTE = "derived from a register; an example, not any district's own"
POSTS = ("liaison", "deputy", "section", "leader", "principal")
Values = dict[str, str]


def check(mapping: ImportMapping, names: Sequence[str]) -> DeriveRule:
    """The mapping's rule for deriving. Raises `WrongFile` where there is none, or columns are missing."""
    rule = mapping.derive
    if rule is None:
        raise WrongFile(f"映射 {mapping.name} 没有 derive 一节，推不出权责清单")
    missing = {rule.street, rule.community, rule.type, rule.unit, rule.opened, rule.due} - set(names)
    if missing:
        raise WrongFile(f"缺少列：{'、'.join(sorted(missing))}")
    return rule


def learn(mapping: ImportMapping, rows: Sequence[Row]) -> Derived:
    """Who got which type of service in these rows."""
    rule = check(mapping, list(rows[0].values) if rows else [])
    return derive((row.values for row in rows), type_column=rule.type, agency_column=rule.unit)


def write(mapping: ImportMapping, learned: Sequence[Row], everywhere: Sequence[Row], folder: Path) -> dict[str, int]:
    """Write a district's directory for `dispatch load`; returns what is in it.

    The duty list is learned from `learned` alone; places come from `everywhere`, who was sent where is not in them.
    """
    rule = check(mapping, list(learned[0].values) if learned else [])
    found = learn(mapping, learned)
    units, duties = as_duties(found)
    _rename(units, duties, rule.prefix)
    limits = _limits(mapping, rule, learned)
    for duty in duties:
        duty["limit"] = limits.get(duty["name"], duty["limit"])
    for unit in units:
        unit["name"] = f"{unit['name']} (example)"
    tree = _tree(mapping, rule, everywhere)
    documents: dict[str, Any] = {
        "calendars": _calendars(mapping),
        "tree": tree,
        "units": {
            "title": NOTE,
            "units": units,
            "seats": [{"post": post, "position": post} for post in POSTS],
        },
        "people": _people(mapping.district),
        "duties": {"title": NOTE, "match": {"ratio": "1.5", "title": "2"}, "duties": duties},
        "words": {"title": NOTE, "danger": []},
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        text = yaml.safe_dump(_texts(document), allow_unicode=True, sort_keys=False, width=120)
        (folder / f"{name}.yaml").write_text(f"# {NOTE}\n{text}", encoding="utf-8")
    for name in ("policies.yaml", "weights.yaml"):
        shutil.copyfile(DEMO / name, folder / name)
    streets = tree["districts"][0]["streets"]
    return {
        "streets": len(streets),
        "communities": sum(len(street["communities"]) for street in streets),
        "units": len(units),
        "duties": len(duties),
    }


def _texts(value: Any) -> Any:
    """YAML of ours holds texts only; numbers become what they look like."""
    if isinstance(value, dict):
        return {key: _texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return value if isinstance(value, bool) else str(value)


def _rename(units: list[dict[str, Any]], duties: list[dict[str, Any]], prefix: str) -> None:
    """Codes that no other district of the deployment has."""
    codes: dict[str, str] = {}
    for unit in units:
        wanted = prefix + unit["code"]
        tries = [wanted[:6], *(f"{wanted[:5]}{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")]
        codes[unit["code"]] = next(code for code in tries if code not in codes.values())
        unit["code"] = codes[unit["code"]]
    for duty in duties:
        duty["lead"] = codes[duty["lead"]]


def _limits(mapping: ImportMapping, rule: DeriveRule, rows: Sequence[Row]) -> dict[str, str]:
    """The usual time each type was given (median of due less opened), in whole days."""
    given: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        opened, due = (_moment(row.values.get(column, ""), mapping) for column in (rule.opened, rule.due))
        if opened and due and due > opened:
            given[row.values[rule.type]].append((due - opened).total_seconds() / 86400)
    return {kind: f"{max(1, min(365, round(median(days))))}d" for kind, days in given.items()}


def _moment(text: str, mapping: ImportMapping) -> datetime | None:
    try:
        return datetime.strptime(text, mapping.date_format).replace(tzinfo=mapping.zone)
    except ValueError:
        return None


def _tree(mapping: ImportMapping, rule: DeriveRule, rows: Sequence[Row]) -> dict[str, Any]:
    """Streets, and under each the communities that most often lie in it."""
    inside: dict[str, Counter[str]] = defaultdict(Counter)
    streets: set[str] = set()
    for row in rows:
        street, community = row.values.get(rule.street, ""), row.values.get(rule.community, "")
        if street:
            streets.add(street)
            if community:
                inside[community][street] += 1
    listed: dict[str, list[str]] = {street: [] for street in sorted(streets, key=lambda name: (len(name), name))}
    for community in sorted(inside):
        counts = inside[community]
        listed[min(counts, key=lambda street: (-counts[street], street))].append(community)
    if mapping.otherwise:  # where the register names no place, somebody still answers for the row
        listed[mapping.otherwise] = []
    return {
        "title": NOTE,
        "districts": [
            {
                "code": mapping.district,
                "name": rule.name,
                "zone": mapping.zone.key,
                "streets": [
                    {
                        "code": f"S{n}",
                        "name": street if street == mapping.otherwise else rule.street_name.replace("{value}", street),
                        "kind": "street",
                        "also": [street],
                        "communities": [
                            {"code": f"D{m}", "name": name, "kind": "community"} for m, name in enumerate(names, 1)
                        ],
                    }
                    for n, (street, names) in enumerate(listed.items(), 1)
                ],
            }
        ],
    }


def _calendars(mapping: ImportMapping) -> dict[str, Any]:
    return {
        "years": ["2010", "2040"],
        "zone": mapping.zone.key,
        "calendars": [
            {
                "code": "district",
                "name": "office hours (example)",
                "seasons": [{"name": "all year", "from": "01-01", "sessions": ["08:30-12:00", "13:00-16:30"]}],
            },
            {"code": "always", "name": "round the clock", "always": True},
        ],
        "exceptions": [],
        "published": [],
    }


def _people(district: str) -> dict[str, Any]:
    heads = [
        {"each": kind, "post": "head", "position": f"{kind} head", "person": f"example {kind} head {{n}}"}
        for kind in ("point", "grid", "community", "street", "district")
    ]
    others = [
        {"each": "street", "post": post, "position": post, "person": f"example {post} {{short}}"}
        for post in ("clerk", "duty")
    ]
    return {
        "title": NOTE,
        "since": "2014-01-01",
        "units": [{"post": post, "person": f"example {post} {{short}}"} for post in POSTS],
        "nodes": [*heads, *others],
        "seats": [
            {"node": district, "post": post, "position": post, "people": [f"example {post}"]}
            for post in ("dispatcher", "administrator", "auditor")
        ],
    }

"""The tree by page: a place gets another name, one is added, one is ended, by the rules of the district's files."""

import re
from typing import Any

from dispatch.domain.case import Actor
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import Invalid, NotFound, NotNow
from dispatch.domain.tree import Node
from dispatch.steps import amended
from dispatch.steps.reading.places import CODE, MOST_BUILDINGS, SHORT_CODE
from dispatch.steps.service import Service
from dispatch.steps.standing import change
from dispatch.store import standing as store
from dispatch.store.unit_of_work import UnitOfWork

LONGEST_NAME = 40
_NAME = re.compile(rf"[^\s<>=@+][^\r\n\t<>]{{0,{LONGEST_NAME - 1}}}")
#: endings that a short name leaves out
_ENDINGS = ("街道", "社区", "镇", "乡", "村")


def checked_name(given: str, field: str = "name") -> str:
    """A name, without blanks around it. Raises `Invalid`."""
    name = given.strip()
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise Invalid("「{value}」不能作名称；请填 1 到 {most} 个字", field=field, value=name[:60], most=LONGEST_NAME)
    return name


async def rename(service: Service, by: Actor, code: str, name: str, buildings: str = "") -> None:
    """Another name for a place (its units take it too), and how many numbered buildings a compound has.

    Raises `Forbidden`, `NotFound`, `Invalid`, `NotNow` where a building that would go has open whistles.
    """

    async def edit(uow: UnitOfWork, documents: dict[str, Any], reference: Reference) -> dict[str, Any]:
        node, row = _written(documents, reference, code)
        wanted: dict[str, Any] = {"name": checked_name(name)}
        if buildings and node.kind == "compound":
            wanted |= {"buildings": await _buildings(uow, row, buildings)}
        told = {"name": node.name, "to": wanted["name"], **({"buildings": wanted["buildings"]} if buildings else {})}
        amended.amend(documents, "tree")["set"].setdefault(code, {}).update(wanted)
        for unit in documents["units"]["units"]:
            if unit["place"] == code and wanted["name"] != node.name:
                _follow(documents, unit, node.name, wanted["name"])
        amended.relay(documents)
        return told

    await change(service, by, "place-changed", code, edit)


async def add(service: Service, by: Actor, parent: str, kind: str, short: str, name: str, buildings: str = "") -> str:
    """A place below another; its units and seats come by the district's patterns. Returns its code.

    Raises `Forbidden`, `NotFound`, `Invalid`.
    """
    made: list[str] = []

    async def edit(uow: UnitOfWork, documents: dict[str, Any], reference: Reference) -> dict[str, Any]:
        above, _row = _written(documents, reference, parent)
        if kind not in amended.kinds_below(above.kind):
            raise Invalid("「{value}」不能加在{name}下面；请从列出的选", field="kind", value=kind, name=above.name)
        code = _code(above, kind, short.strip().upper(), reference)
        row = [code, parent, kind, checked_name(name), [], _number(buildings) if kind == "compound" else 0, None]
        tree = amended.amend(documents, "tree")
        tree["added"].append(row)
        tree["ended"] = [one for one in tree["ended"] if one != code]
        _units_of(documents, reference, row)
        amended.relay(documents)
        made.append(code)
        return {"name": row[3], "kind": kind, "parent": parent}

    await change(service, by, "place-added", parent, edit)
    return made[0]


async def end(service: Service, by: Actor, code: str) -> str:
    """A place is no more, with the units that were its own. Returns the code of the place above it.

    Raises `Forbidden`, `NotFound`; `NotNow` while anything stands below it, or a whistle is open there.
    """
    above: list[str] = []

    async def edit(uow: UnitOfWork, documents: dict[str, Any], reference: Reference) -> dict[str, Any]:
        node, _row = _written(documents, reference, code)
        if node.parent is None:
            raise Invalid("「{value}」是区，不能撤；请撤它下面的", field="node", value=node.name)
        below = [row for row in documents["tree"]["rows"] if row[1] == code]
        if below:
            raise NotNow("「{value}」下面还有{name}；请先撤下面的", field="node", value=node.name, name=below[0][3])
        _unnamed(documents, code, node.name)
        await _nothing_open(uow, reference, node)
        above.append(node.parent)
        tree = amended.amend(documents, "tree")
        tree["added"] = [row for row in tree["added"] if row[0] != code]
        tree["set"].pop(code, None)
        tree["ended"].append(code)
        amended.relay(documents)
        return {"name": node.name}

    await change(service, by, "place-ended", code, edit)
    return above[0]


def _written(documents: dict[str, Any], reference: Reference, code: str) -> tuple[Node, list[Any]]:
    """A place that has a row of its own; numbered buildings and the general ones follow from theirs."""
    node = reference.tree.get(code)
    row = next((row for row in documents["tree"]["rows"] if row[0] == code), None)
    if node is None or row is None:
        raise NotFound("没有「{value}」这个能改的地方；请从列表里进来", field="node", value=code[:60])
    return node, row


def _code(above: Node, kind: str, short: str, reference: Reference) -> str:
    given = f"{above.code}-{short}" if short[:1].isalpha() else short
    shape = SHORT_CODE if short[:1].isalpha() else CODE
    if not re.fullmatch(shape, short) or len(given) > 40:
        raise Invalid("「{value}」不能作代码；请写 D03 这样的，或统计用的整码", field="code", value=short[:40])
    if given in reference.tree:
        raise Invalid("「{value}」已经有了；请换一个代码", field="code", value=given)
    return given


def _number(given: str) -> int:
    if not given:
        return 0
    if not (given.isascii() and given.isdigit() and int(given) <= MOST_BUILDINGS):
        raise Invalid(
            "「{value}」不是 0 到 {most} 的数；请改楼栋数", field="buildings", value=given[:10], most=MOST_BUILDINGS
        )
    return int(given)


async def _buildings(uow: UnitOfWork, row: list[Any], given: str) -> int:
    wanted = _number(given)
    gone = [f"{row[0]}-B{n}" for n in range(wanted + 1, row[5] + 1)]
    count, number = await store.open_at(uow.connection, gone)
    if count:
        raise NotNow("要去掉的楼栋还有没办完的哨，如 {value}；请等办完再改", field="buildings", value=number)
    return wanted


def _units_of(documents: dict[str, Any], reference: Reference, row: list[Any]) -> None:
    """Units that every place of this kind has: as a sister place has them, with this one's name and code."""
    seen: set[str] = set()
    for unit in list(documents["units"]["units"]):
        sister = reference.tree.get(unit["place"]) if unit["place"] else None
        prefix = unit["code"].split("-", 1)[0]
        if sister is None or prefix in seen or _family(sister.kind) != _family(row[2]):
            continue
        seen.add(prefix)
        made = {"code": f"{prefix}-{row[0]}", "place": row[0],
                "name": unit["name"].replace(sister.name, row[3]),
                "short": unit["short"].replace(short_name(sister.name), short_name(row[3]))}  # fmt: skip
        units = amended.amend(documents, "units")
        units["added"] = [one for one in units["added"] if one["code"] != made["code"]] + [unit | made]
        units["ended"] = [one for one in units["ended"] if one != made["code"]]


def _family(kind: str) -> str:
    return {"township": "street", "village": "community"}.get(kind, kind)


def short_name(name: str) -> str:
    """A place's name without its ending."""
    return next((name.removesuffix(ending) for ending in _ENDINGS if name.removesuffix(ending) not in ("", name)), name)


def _follow(documents: dict[str, Any], unit: dict[str, Any], before: str, after: str) -> None:
    change_ = {"name": unit["name"].replace(before, after),
               "short": unit["short"].replace(short_name(before), short_name(after))}  # fmt: skip
    amended.amend(documents, "units")["set"].setdefault(unit["code"], {}).update(change_)


def _unnamed(documents: dict[str, Any], code: str, name: str) -> None:
    areas = {node for policy in documents["policies"]["policies"] for node in policy.get("areas", ())}
    sources = documents.get("sources", {}).get("sources", ())
    named = {node for source in sources for node in (source["street"], *(source.get("places") or ()))}
    if code in areas:
        raise NotNow("「{value}」有自己的政策；请先改政策", field="node", value=name)
    if code in named:
        raise NotNow("「{value}」是别的系统吹哨的地方；请先把它从来源清单里去掉", field="node", value=name)


async def _nothing_open(uow: UnitOfWork, reference: Reference, node: Node) -> None:
    codes, queue = [], [node.code]
    while queue:
        codes.append(queue.pop())
        queue += [one.code for one in reference.tree.children(codes[-1])]
    count, number = await store.open_at(uow.connection, codes)
    if not count:
        units = [unit.code for unit in reference.units.all if unit.place in codes]
        count, number = await store.open_with(uow.connection, units)
    if count:
        raise NotNow("这里还有 {n} 个没办完的哨，如 {value}；请等办完，或改到别处", field="node", value=number, n=count)

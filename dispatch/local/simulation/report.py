"""A simulated year as tables: one column a policy, figures as counts with what they are counted of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from rich.table import Table

from dispatch.domain.clocks import STAGES
from dispatch.local.simulation.run import Outcome, Scene
from dispatch.store.simulated import Figures

STAGE_WORDS = {
    "dispatch": "派单", "reported": "签收/到场", "handling": "办理", "verification": "核查", "answering": "答复",
    "ruling": "裁定", "hold": "挂账", "total": "总时限",
}  # fmt: skip
COLUMNS = {"baseline": "现行政策 baseline", "policy": "试行政策 policy"}
RUNGS = {1: "楼栋/街巷", 2: "小区/网格", 3: "社区/村", 4: "街道", 5: "区"}
#: so many units are listed, the busiest
MOST = 20
Rows = Callable[[Figures], Iterator[tuple[str, str]]]


def tables(scene: Scene, outcomes: Mapping[str, Outcome]) -> Iterator[tuple[str, Table]]:
    """What to print, each with its title: totals, lateness by stage, climbs by rung, load by unit."""
    figures = {COLUMNS[name]: one.figures for name, one in outcomes.items()}
    title = (
        f"{scene.district.name}，{scene.start} 起 {scene.days} 天，种子 {scene.seed}（模拟，行为为假设，不作考核依据）"
    )
    yield title, _table("", figures, _totals)
    yield "逾期（时钟走满的次数 / 起动次数）", _table("环节", figures, _late)
    yield "逐级上报次数", _table("级", figures, _climbs)
    names = {code: name for one in outcomes.values() for code, name in one.names.items()}
    yield f"各单位（最忙的 {MOST} 个）：主办+协办・签收逾期・办理逾期", _units(figures, names)


def _table(head: str, figures: Mapping[str, Figures], rows: Rows) -> Table:
    table = Table()
    table.add_column(head)
    listed = {name: dict(rows(one)) for name, one in figures.items()}
    for name in figures:
        table.add_column(name, justify="right")
    for label in dict.fromkeys(label for column in listed.values() for label in column):
        table.add_row(label, *(column.get(label, "0") for column in listed.values()))
    return table


def _totals(one: Figures) -> Iterator[tuple[str, str]]:
    yield "来哨", str(one.whistles)
    yield "已办结", str(one.closed)
    yield "期末未结", str(one.open)
    yield "办结用时中位数（天）", f"{one.median_days:.1f}"
    yield "九成在几天内办结", f"{one.slowest_days:.1f}"
    yield "督办单", str(one.orders)
    yield "催办", str(one.reminders)
    yield "通报", str(one.notices)
    yield "返工", str(one.rework)
    yield "退单", str(one.handed_back)


def _late(one: Figures) -> Iterator[tuple[str, str]]:
    for stage in STAGES:
        late, runs = one.late.get(stage, 0), one.runs.get(stage, 0)
        if runs and stage != "hold":
            yield STAGE_WORDS[stage], f"{late} / {runs}（{100 * late / runs:.1f}%）"


def _climbs(one: Figures) -> Iterator[tuple[str, str]]:
    for rung, words in RUNGS.items():
        yield f"{rung} {words}", str(one.climbs.get(rung, 0))


def _units(figures: Mapping[str, Figures], names: Mapping[str, str]) -> Table:
    table, called = Table(), Counter(names.values())
    table.add_column("单位")
    for name in figures:
        table.add_column(name, justify="right")
    first = next(iter(figures.values()))
    busiest = sorted(first.units, key=lambda unit: (-(first.units[unit].lead + first.units[unit].assist), unit))
    for unit in busiest[:MOST]:
        cells = []
        for one in figures.values():
            load = one.units.get(unit)
            cells.append(
                f"{load.lead}+{load.assist}・{load.late_reports}・{load.late_handling}" if load else "0+0・0・0"
            )
        name = names.get(unit, unit)
        table.add_row(f"{name}（{unit}）" if called[name] > 1 else name, *cells)
    return table

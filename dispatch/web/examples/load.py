"""What a unit carries, beside the median of the units like it."""

from __future__ import annotations

from dataclasses import replace

from dispatch.web.examples.frames import frame
from dispatch.web.models.load import LoadFigure, LoadPage, LoadRow, LoadTable
from dispatch.web.models.parts import Empty


def _row(name: str, counts: tuple[str, str, str], query: str = "") -> LoadRow:
    url = f"/queue?{query}" if query else ""
    return LoadRow(name, *counts, url, f"{url}&lamp=red" if query and counts[1] != "0" else "")


LOAD = LoadPage(
    frame=replace(frame("住建局・负荷", "liaison", "住建局・联络员"), phone_title="住建局・负荷"),
    heading="住建局・负荷",
    note="只算主办和协办；知会的不算，没有单位接手的紧急件除外。中位数是另外 17 个同类单位的，只作参考，不是评价。",
    figures=(
        LoadFigure("在办", "140", "中位数 31.5", "/queue"),
        LoadFigure("已逾期", "3", "中位数 1", "/queue?lamp=red"),
        LoadFigure("今天还要到期", "7", "中位数 2"),
        LoadFigure("待签收", "9", "中位数 2", "/queue?part=assigned"),
        LoadFigure("在协办", "43", "", "/queue?role=assist"),
        LoadFigure("已挂账", "12", "", "/queue?status=on-hold"),
        LoadFigure("钟停着", "15", ""),
    ),
    tables=(
        LoadTable(
            "按类别",
            "类别",
            (
                _row("202 房屋渗漏、外墙脱落、维修资金没有批下来", ("61", "2", "3"), "category=202"),
                _row("220 路面坑洼", ("48", "1", "4"), "category=220"),
                _row("未分类", ("31", "0", "0")),
            ),
        ),
        LoadTable(
            "按街道",
            "哪个街道",
            (
                _row("东柳街道", ("90", "3", "6"), "street=130403011"),
                _row("联纺东街道", ("50", "0", "1"), "street=130403008"),
            ),
        ),
        LoadTable(
            "按签收的人",
            "谁签收的",
            (_row("示例联络员甲", ("131", "3", "7")), _row("还没人签收", ("9", "0", "0"))),
            "谁签收的算谁的，按人的编号排，不按件数排。",
        ),
    ),
    queue_url="/queue",
    empty=Empty("没有要您单位办的。", "有新的哨，会算在这里。"),
)

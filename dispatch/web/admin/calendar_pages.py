"""What the pages of the calendar's exceptions show."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch.domain.turn import ZONE
from dispatch.steps.calendar_days import SHOWN, Ahead, Move, listed
from dispatch.web import say, words
from dispatch.web.admin.pages import CALENDAR
from dispatch.web.i18n import N_, _
from dispatch.web.models.manage import ManageForm, ManageRow, ManageSection
from dispatch.web.models.parts import ActionButton, Empty, Field, Hidden, NavItem, Notice, Option, spans, strong

REMOVE, CONFIRM, ANEW = f"{CALENDAR}/remove", f"{CALENDAR}/confirm", f"{CALENDAR}/again"
DONE, AGAIN, GOES_ON = f"{CALENDAR}?done=1", f"{CALENDAR}?again=", "more"
DAYS = {
    "off": N_("全天不上班"),
    "work": N_("照常上班（本来休息）"),
    "hours": N_("改上班时段"),
    "holiday": N_("法定节假日"),
    "makeup": N_("调休上班"),
}


def what(entry: Mapping[str, Any]) -> str:
    """What the day is, in one phrase."""
    if "hours" in entry:
        return _("只上 %(hours)s", hours="、".join(entry["hours"]))
    kind = "off" if entry.get("day") is False else str(entry.get("day"))
    return _(DAYS.get(kind, kind))


def days(entry: Mapping[str, Any]) -> str:
    """From which day to which."""
    first, last = str(entry["date"]), str(entry.get("to") or entry["date"])
    return first if first == last else _("%(first)s 到 %(last)s", first=first, last=last)


def notices(done: str) -> tuple[Notice, ...]:
    """That the calendar was changed; the page itself says that the deadlines follow."""
    return (Notice(_("办好了：%(act)s", act=_("改了日历")), kind="done"),) if done else ()


def again_notices(count: str) -> tuple[Notice, ...]:
    """How many deadlines were computed anew, as the address says it; `GOES_ON`: nobody knows yet."""
    if count == GOES_ON:
        return (Notice(_("还没算完，在后台接着算；变了几个，算完记在管理记录里。")),)
    if not (count.isascii() and count.isdigit()):
        return ()
    said = _("算过了，%(n)s 个时限变了。", n=int(count)) if int(count) else _("算过了，没有时限要变。")
    return (Notice(said, kind="done"),)


def new_section(given: Mapping[str, str]) -> ManageSection:
    """The form for one more."""
    chosen = given.get("day") or "off"
    options = tuple(Option(kind, _(DAYS[kind]), selected=kind == chosen) for kind in ("off", "work", "hours"))
    fields = (
        Field("first", _("哪一天"), "date", given.get("first", ""), required=True),
        Field("last", _("到哪一天"), "date", given.get("last", ""), hint=_("只有一天，不填")),
        Field("day", _("这天怎样"), "radio", options=options),
        Field(
            "hours",
            _("上班时段"),
            value=given.get("hours", ""),
            hint=_("只在改时段时填，如 08:30-12:00，几段用逗号隔开"),
        ),
        Field(
            "reason",
            _("原因"),
            value=given.get("reason", ""),
            hint=_("会原样写在「为什么是这个时限」里"),
            required=True,
        ),
    )
    note = spans(_("法定节假日和调休不用加，已经在里面；这里加本区自己的例外，全天候的日历不受影响。"))
    return ManageSection(_("加一个例外"), note, forms=(ManageForm(CALENDAR, _("看会动多少时限"), fields),))


def listed_section(document: Mapping[str, Any], now: datetime) -> ManageSection:
    """Every exception, the latest first."""
    today = str(now.astimezone(ZONE).date())

    def row(entry: Mapping[str, Any], own: bool) -> ManageRow:
        over = str(entry.get("to") or entry["date"]) < today
        hidden = (Hidden("date", str(entry["date"])),)
        remove = ActionButton("manage", _("取消"), REMOVE, hidden=hidden, busy=_("正在办…"))
        state = _("过去了") if over else ""
        meta = "" if own else _("写在 calendars.yaml 里，在那里改")
        return ManageRow(
            f"{days(entry)}・{what(entry)}", str(entry["reason"]), meta, state, actions=(remove,) if own else ()
        )

    rows = tuple(row(entry, own) for entry, own in listed(document))
    again = ManageForm(ANEW, _("再算一遍时限"), primary=False)
    note = spans(_("加了或取消了例外，没办完的时限在后台重算；服务中途停过，就再按一次，多按无妨。"))
    return ManageSection(_("现有的例外"), note, rows, Empty(_("没有例外")), forms=(again,), count=str(len(rows)))


def ahead_sections(found: Ahead, now: datetime) -> list[ManageSection]:
    """How many deadlines would move, the button that does it, and the first of them."""
    amount = _("%(clocks)s 个时限会变，在 %(whistles)s 个没办完的哨里", clocks=found.clocks, whistles=found.whistles)
    if not found.clocks:
        amount = _("没有时限会变")
    more = "" if found.whole else _("；哨太多，只看了一部分，实际更多")
    verb = _("取消") if found.removed else _("加上")
    note = spans(f"{verb}：{days(found.entry)}・{what(found.entry)}。", strong(amount), more, _("。还什么都没有改。"))
    form = ManageForm(CONFIRM, _("就这样改"), hidden=(Hidden("token", found.token),), proven=True)
    parts = [ManageSection(_("会怎样"), note, forms=(form,), links=(NavItem(_("不改了"), CALENDAR),))]
    if found.moves:
        rows = tuple(_move(one, now) for one in found.moves)
        said = _("这里是最先到期的 %(n)s 个。", n=SHOWN) if found.clocks > SHOWN else ""
        parts.append(ManageSection(_("会变的时限"), spans(said), rows, count=str(found.clocks)))
    return parts


def _move(one: Move, now: datetime) -> ManageRow:
    old, new = (say.moment(at, now, ZONE) for at in (one.old, one.new))
    stage = "・".join(part for part in (words.stage(one.stage), one.unit) if part)
    return ManageRow(str(one.number), _("%(stage)s：%(old)s 改为 %(new)s", stage=stage, old=old, new=new),
                     href=f"/w/{one.number}")  # fmt: skip

"""What the pages of the import of people show."""

from collections.abc import Sequence
from dataclasses import replace

from dispatch.domain.reference import Reference
from dispatch.domain.roster import Fault, Kind, Line, Plan
from dispatch.steps.import_people import COLUMNS, DryRun
from dispatch.web import problems
from dispatch.web.admin import words
from dispatch.web.admin.pages import IMPORT, LOG, PEOPLE
from dispatch.web.i18n import N_, _
from dispatch.web.models.manage import ManageForm, ManageRow, ManageSection
from dispatch.web.models.parts import Field, Hidden, NavItem, Text, link, spans, strong

TEMPLATE, APPLY = f"{IMPORT}/template", f"{IMPORT}/apply"
#: so many rows of one kind are shown; how many more there are is said
SHOWN = 500
_LABELS = {"code": N_("工号"), "name": N_("姓名"), "place": N_("单位或属地"), "post": N_("岗位"),
           "since": N_("任职起"), "until": N_("任职止")}  # fmt: skip
_TITLES: tuple[tuple[Kind, str], ...] = (
    ("ended", N_("要止任的")),
    ("changed", N_("要改的")),
    ("added", N_("要加的")),
)
_ACCEPT = ".xlsx,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def upload_section() -> ManageSection:
    """Template, what the columns are, and the file."""
    note = spans(
        _("先下载模板，一人一岗一行：%(columns)s。", columns=" · ".join(_(_LABELS[name]) for name, _label in COLUMNS)),
        _("单位或属地写名称或代码；任职起不填，就从今天起；要止任，填任职止，这一天起不再任。"),
        strong(_("表里没有的人不动。")),
        " ",
        *_templates(),
    )
    field = Field("file", _("填好的表（.xlsx）"), "file", required=True, accept=_ACCEPT,
                  hint=_("选了只是试算，什么都不会改；看过再确认"))  # fmt: skip
    form = ManageForm(IMPORT, _("试算"), (field,), upload=True, proven=True)
    return ManageSection(_("从表格导入"), note, forms=(form,))


def _templates() -> Text:
    """The ways to a sheet to fill in, which come before the field for it."""
    return spans(link(_("下载空白模板"), TEMPLATE), "・", link(_("下载现在的任职，改了再传"), f"{TEMPLATE}?filled=1"))


def counted(plan: Plan) -> str:
    """How many of each kind."""
    kinds: tuple[Kind, ...] = ("added", "changed", "ended", "unchanged")
    return words.counts_words({kind: len(plan.of(kind)) for kind in kinds})


def dry_sections(done: DryRun, reference: Reference | None) -> list[ManageSection]:
    """Faults alone where there are any; else the button that does it, and what it would do."""
    if done.plan.faults:
        return [_faults(done.plan.faults), replace(upload_section(), note=_templates(), title=_("改好了再传"))]
    if not done.token:
        note = spans(_("表里的 %(n)s 行和现在的一样，没有要改的。", n=done.rows))
        return [ManageSection(_("没有变化"), note, links=(NavItem(_("换一份表"), IMPORT),))]
    note = spans(strong(counted(done.plan)), _("。还什么都没有改；一小时内确认有效，只能用一次。"))
    form = ManageForm(APPLY, _("就这样导入"), hidden=(Hidden("token", done.token),), proven=True)
    parts = [ManageSection(_("会怎样"), note, forms=(form,), links=(NavItem(_("不导入，换一份表"), IMPORT),))]
    return parts + [_lines(_(title), done.plan.of(kind), reference) for kind, title in _TITLES if done.plan.of(kind)]


def done_section() -> ManageSection:
    """What comes after an import."""
    note = spans(_("新来的人还没有密码：在他的页上开一个一次性链接，交给本人。"))
    links = (NavItem(_("人员"), PEOPLE), NavItem(_("管理记录"), LOG), NavItem(_("再导入一份"), IMPORT))
    return ManageSection(_("下一步"), note, links=links)


def _faults(faults: Sequence[Fault]) -> ManageSection:
    rows = tuple(
        ManageRow(
            _("第 %(n)s 行・%(field)s", n=one.number, field=_(_LABELS.get(one.refusal.field or "", ""))),
            problems.said(one.refusal),
        )
        for one in faults[:SHOWN]
    )
    note = spans(_("什么都没有改。照下面改好，整份再传一次。"), _more(len(faults)))
    return ManageSection(_("这些行要改"), note, rows, count=str(len(faults)))


def _lines(title: str, lines: Sequence[Line], reference: Reference | None) -> ManageSection:
    rows = tuple(_row(line, reference) for line in lines[:SHOWN])
    return ManageSection(title, spans(_more(len(lines))), rows, count=str(len(lines)))


def _row(line: Line, reference: Reference | None) -> ManageRow:
    what = _("原来叫%(was)s", was=line.was) if line.field == "name" else _term(line)
    seat = words.seat_words(reference, line.seat)
    return ManageRow(line.name, seat, "・".join((what, line.person, _("表的第 %(n)s 行", n=line.number))))


def _term(line: Line) -> str:
    if line.until is None:
        term = _("%(since)s 起任职", since=line.since)
    else:
        term = _("%(since)s 起任职，%(until)s 起不再任", since=line.since, until=line.until)
    if line.field != "until":
        return term
    was = _("原来到 %(was)s", was=line.was) if line.was else _("原来没有期限")
    return f"{term}（{was}）"


def _more(count: int) -> str:
    return _("这里列出前 %(n)s 行，其余 %(rest)s 行同样处理。", n=SHOWN, rest=count - SHOWN) if count > SHOWN else ""

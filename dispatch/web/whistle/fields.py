"""The fields that acts ask for, each made for one whistle."""

from collections.abc import Callable
from datetime import timedelta

from dispatch.domain import parts
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.view import WhistleView
from dispatch.web.i18n import N_, _
from dispatch.web.models.parts import Field, Option
from dispatch.web.whistle import replies

#: 不知道, chosen and not merely left out
UNKNOWN = "?"
Fields = Callable[[WhistleView, Turn], tuple[Field, ...]]


def text(name: str, label: str, hint: str = "", *, required: bool = True, rows: int = 4) -> Fields:
    return lambda _view, _turn: (Field(name, _(label), "textarea", hint=_(hint) if hint else "", required=required,
                                       rows=rows),)  # fmt: skip


def reply(label: str, hint: str) -> Fields:
    """The answer that a resident reads, with texts to begin with."""
    return lambda view, turn: (
        Field("reply", _(label), "textarea", hint=_(hint), required=True, rows=5, starts=replies.starts(view, turn)),
    )


def and_(*parts: Fields) -> Fields:
    return lambda view, turn: tuple(field for part in parts for field in part(view, turn))


def photo(hint: str) -> Fields:
    return lambda _view, _turn: (Field("photo", _("照片"), "file", hint=_(hint)),)


def where(view: WhistleView, turn: Turn) -> tuple[Field, ...]:
    """A photo, or by script the position."""
    return (
        Field("photo", _("照片"), "file", hint=_("拍一张现场，一张就够。"), most=1),
        Field("position", _("位置"), "position", hint=_("有照片就不用，没照片用手机的位置也行。")),
    )


def _unit_options(view: WhistleView, turn: Turn, *, but: tuple[str, ...] = ()) -> tuple[Option, ...]:
    """Every unit that could be meant here; those of other streets and communities are left out."""
    chain = {node.code for node in turn.chain(view.case.facts.place or view.case.facts.street) if node}
    return tuple(
        Option(unit.code, unit.name)
        for unit in turn.reference.units.all
        if unit.code not in but and (unit.place is None or unit.place in chain)
    )


def unit_field(name: str, label: str, *, required: bool = True, empty: str = N_("选一个单位")) -> Fields:
    def made(view: WhistleView, turn: Turn) -> tuple[Field, ...]:
        options = (Option("", _(empty)), *_unit_options(view, turn))
        return (Field(name, _(label), "select", options=options, required=required),)

    return made


def units_field(name: str, label: str, *, required: bool = False) -> Fields:
    return lambda view, turn: (
        Field(name, _(label), "checkboxes", options=_unit_options(view, turn), required=required),
    )


def _working(view: WhistleView, _turn: Turn) -> tuple[Option, ...]:
    return tuple(
        Option(part.unit, part.unit_name, selected=part.role == "lead")
        for part in view.assignments
        if part.role != "inform" and part.status != "released"
    )


def of_unit(view: WhistleView, turn: Turn) -> tuple[Field, ...]:
    options = _working(view, turn)
    return (Field("unit", _("哪个单位"), "radio", options=options, required=True),) if len(options) > 1 else ()


def reasons(view: WhistleView, turn: Turn) -> tuple[Field, ...]:
    options = tuple(Option(code, name) for code, name in turn.policy(view.case).rejections)
    return (Field("reason", _("哪一条理由"), "radio", options=options, required=True),)


def absent(view: WhistleView, turn: Turn) -> tuple[Field, ...]:
    """Where assisting units have not come the lead says why it may be resolved all the same."""
    late = [turn.unit_name(part.unit) for part in view.case.parts("assist") if parts.awaited(view.case, part)]
    if not late:
        return ()
    hint = _("%(units)s还没报到。", units=_("、").join(late))
    return (Field("reason", _("协办没到，为什么也能报结"), hint=hint, required=True),)


def clause(_view: WhistleView, turn: Turn) -> tuple[Field, ...]:
    duties = (Option(duty.code, f"{duty.code} {duty.name}") for duty in turn.reference.duties.duties if not duty.demo)
    options = (Option("", _("选一条")), Option(UNKNOWN, _("不知道")), *duties)
    return (Field("clause", _("依据清单哪一条"), "select", options=options, required=True),)


def should_be(view: WhistleView, turn: Turn) -> tuple[Field, ...]:
    options = (Option("", _("选一个单位")), Option(UNKNOWN, _("不知道")), *_unit_options(view, turn))
    return (Field("to", _("应由谁办"), "select", options=options, required=True),)


def day(name: str, label: str, kind: str, ahead: int) -> Fields:
    def made(view: WhistleView, _turn: Turn) -> tuple[Field, ...]:
        at = view.as_of.astimezone(ZONE) + timedelta(days=ahead)
        value = at.strftime("%Y-%m-%d") if kind == "date" else at.strftime("%Y-%m-%dT18:00")
        return (Field(name, _(label), kind, value=value, required=True),)

    return made


def _yes_no(name: str, label: str, yes: str, no: str, hint: str = "") -> Field:
    return Field(name, _(label), "radio", options=(Option("1", _(yes)), Option("0", _(no))), hint=hint, required=True)


def _satisfied() -> Field:
    options = (Option("satisfied", _("满意")), Option("basically", _("基本满意")), Option("not", _("不满意")))
    return Field("satisfied", _("满意吗"), "radio", options=options, required=True)


def rating(view: WhistleView, turn: Turn) -> tuple[Field, ...]:
    return (
        *of_unit(view, turn),
        _yes_no("responded", N_("响应了吗"), N_("响应了"), N_("没响应"), hint=_late(view)),
        _yes_no("solved", N_("解决了吗"), N_("解决了"), N_("没解决")),
        _satisfied(),
    )


def _late(view: WhistleView) -> str:
    """Which units asked for more time only at the last moment: whoever rates them should know."""
    names = {part.unit: part.unit_name for part in view.assignments}
    late = [
        names.get(one["unit"], str(one["unit"]))
        for one in view.requests
        if one["kind"] == "extension" and one["data"].get("late")
    ]
    return _("%(units)s临期才申请延期 %(n)s 次。", units=_("、").join(dict.fromkeys(late)), n=len(late)) if late else ""


def callback(_view: WhistleView, _turn: Turn) -> tuple[Field, ...]:
    return (
        _yes_no("reached", N_("联系上了吗"), N_("联系上了"), N_("没联系上（下面不用填）")),
        _yes_no("responded", N_("来源人说：有人联系过吗"), N_("有"), N_("没有")),
        _yes_no("solved", N_("来源人说：解决了吗"), N_("解决了"), N_("没解决")),
        _satisfied(),
    )


def streets(view: WhistleView, turn: Turn) -> tuple[Field, ...]:
    nodes = turn.reference.tree.children(view.district)
    options = tuple(Option(node.code, node.name) for node in nodes if node.code != view.case.facts.street)
    return (Field("to", _("转给哪个街道"), "select", options=(Option("", _("选一个街道")), *options), required=True),)


def remember(_view: WhistleView, _turn: Turn) -> tuple[Field, ...]:
    hint = _("会起草一条清单修改，由第二个人批准后生效。")
    return (Field("remember", _("记住此裁定，以后照办"), "checkbox", hint=hint),)

"""What is expected of those who are told of a whistle without a task: nothing, but of an emergency that no unit has."""

from dispatch.domain.clocks import DISPATCH, HANDLING
from dispatch.domain.parts import nobody_has
from dispatch.domain.permissions import SUPERIOR
from dispatch.steps.view import WhistleView
from dispatch.web.i18n import _
from dispatch.web.models.parts import spans, strong
from dispatch.web.whistle.expecting import Expected, clock_of, street_of


def informed_unit(view: WhistleView, role: str) -> Expected:
    """Of a unit that is informed: its own people, or who answers for them (`role`)."""
    if not nobody_has(view.case):
        return Expected(False, spans(_("只是让你们知道，不用报到。")), clock_of(view, HANDLING))
    if role == SUPERIOR:
        said = spans(_nobody(), _("请看看本单位值班的人问过没有、派人没有。"))
        return Expected(False, said, clock_of(view, DISPATCH), heading=_("还没有单位接手"))
    return _on_duty(view, _("问%(street)s现场怎么样；要人就先去、先派人，做了什么就", street=street_of(view)))


def street_duty(view: WhistleView) -> Expected | None:
    """Of the duty officer of the street that raised it; None: as of anybody who looks on."""
    if not nobody_has(view.case):
        return None
    return _on_duty(view, _("问清现场怎么样；要人就先去、先派人，做了什么就"))


def _on_duty(view: WhistleView, asks: str) -> Expected:
    said = spans(_nobody(), _("请马上"), strong(_("打电话")), asks, strong(_("记进展")), _("。"))
    return Expected(True, said, clock_of(view, DISPATCH), ("note",))


def _nobody() -> str:
    return _("这件紧急，还没有单位接手：主办单位由区调度台来定，钟走的是区调度台派单的时限。")


__all__ = ["informed_unit", "street_duty"]

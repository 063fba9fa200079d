"""`POST /desk/repeats`: pairs that look alike, merged or parted, one or several at once."""

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from dispatch.domain.refusals import Invalid, Refusal
from dispatch.steps import repeats
from dispatch.steps.desk_board import permit_desk
from dispatch.web import problems
from dispatch.web.auth import Doer, Form, text_of
from dispatch.web.common.frame import page
from dispatch.web.deps import deps_of
from dispatch.web.desk.page import desk_page
from dispatch.web.desk.repeats import LABELS, PATH
from dispatch.web.i18n import _
from dispatch.web.models.parts import Notice, spans

router = APIRouter(include_in_schema=False)

#: so many may be picked at once
MOST = 100


@router.post(PATH)
async def settle(request: Request, visit: Doer, form: Form) -> Response:
    """What was picked, each by itself; those that would not are said."""
    permit_desk(visit.actor)
    action = text_of(form, "action")
    try:
        pairs = _picked(form)
        if action not in LABELS:
            raise Invalid("先选做什么", field="action", value=action)
        done = await repeats.many(deps_of(request).service, visit.actor, action, pairs)
    except Invalid as refusal:
        notice, status = Notice(problems.said(refusal), kind="error"), problems.status_of(refusal)
    else:
        notice, status = _told(action, done)
    return page(request, "desk.html", await desk_page(request, visit, "repeats", (notice,)), status)


def _told(action: str, done: list[repeats.Decided]) -> tuple[Notice, int]:
    failed: list[Refusal] = [one.refusal for one in done if one.refusal]
    said = _("%(what)s：%(n)s 对", what=_(LABELS[action]), n=len(done) - len(failed))
    if not failed:
        return Notice(said, kind="done"), 200
    text = spans(_("还有 %(n)s 对没成；第一对：", n=len(failed)), problems.said(failed[0]))
    return Notice(said, text, "error"), 409


def _picked(form: FormData) -> list[tuple[str, str]]:
    given = [one.partition(":") for one in form.getlist("pick") if isinstance(one, str)]
    if not given:
        raise Invalid("先勾上要处理的", field="pick", value=None)
    return [(whistle, into) for whistle, _mark, into in given[:MOST]]

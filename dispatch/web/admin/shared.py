"""What the routes of administration share: who may come in, and the frame around their pages."""

from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import Response

from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Invalid, Refusal
from dispatch.steps import administer, sign_in, step_up
from dispatch.steps.sign_in import Visit
from dispatch.web import problems
from dispatch.web.admin import pages
from dispatch.web.auth import Admin, Form, Own, session_cookie, text_of
from dispatch.web.common.frame import build_frame, page
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.models.manage import ManagePage, ManageSection
from dispatch.web.models.parts import FieldError, Notice


async def _looking(visit: Admin) -> Visit:
    administer.allowed(visit.actor)
    return visit


async def _changing(visit: Own) -> Visit:
    administer.allowed(visit.actor)
    return visit


#: somebody who administers a district looks (a token may), or changes something (in person)
Looker = Annotated[Visit, Depends(_looking)]
Administrator = Annotated[Visit, Depends(_changing)]


def asked(request: Request, name: str) -> str:
    """What is looked for; a NUL stands in no column."""
    return request.query_params.get(name, "").replace("\0", "").strip()[:200]


def forget(request: Request) -> None:
    """Ask anew who holds what: terms may have ended. Other processes do so within seconds by themselves."""
    deps_of(request).principals.sessions.clear()
    deps_of(request).principals.tokens.clear()


def _session(request: Request) -> bytes | None:
    token = session_cookie(request)
    return sign_in.digest(token) if token else None


async def stepped_up(request: Request, visit: Visit, form: Form, what: str) -> Invalid | None:
    """What is wrong with the proof of who it is, that the form of `what` carries; None: it is them."""
    deps, name = deps_of(request), pages.proof_name(what)
    given, session = text_of(form, name), _session(request)
    try:
        await step_up.confirm(deps.service.database, deps.sealer, visit, given, session, field=name)
    except Invalid as refusal:
        return refusal
    return None


async def prove(request: Request, visit: Visit, form: Form) -> None:
    """Whether it is them who change the district's own data, asked once in ten minutes. Raises `Invalid`."""
    deps, start = deps_of(request), pages.proof_name("")
    name = next((one for one in form if one.startswith(start)), f"{start}1")
    given, session = text_of(form, name), _session(request)
    await step_up.confirm_once(deps.service.database, deps.sealer, visit, given, session, field=name)


async def shown_to_change(
    request: Request, visit: Visit, current: str, *sections: ManageSection, refusal: Refusal | None = None, **more: Any
) -> Response:
    """As `shown`; its forms marked `proven` ask who it is, where that is due."""
    asks = await step_up.due(deps_of(request).service.database, visit, _session(request))
    return shown(request, visit, current, *pages.proven(sections, asks), refusal=refusal, **more)


def shown(
    request: Request,
    visit: Visit,
    current: str,
    *sections: ManageSection,
    heading: str = "",
    back: str = "",
    refusal: Refusal | None = None,
    notices: tuple[Notice, ...] = (),
    status: int = 200,
) -> Response:
    """A page of administration; `refusal` is said above it and gives the status."""
    said = (FieldError(refusal.field or "q", problems.said(refusal)),) if refusal else ()
    heading = heading or _("管理")
    administers = may_ever(visit.actor, administer.ACTION)
    place = pages.PEOPLE if administers else pages.LOG
    frame = build_frame(request, visit, heading, current=place, back=back, notices=notices)
    known = pages.tabs(current, administers)
    status = problems.status_of(refusal) if refusal else status
    made = ManagePage(frame, heading, errors=said, sections=sections, tabs=known)
    return page(request, "manage.html", made, status)

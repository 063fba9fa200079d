"""Signing in by another provider: the way there, and back."""

import hmac

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from dispatch.domain.refusals import Refusal
from dispatch.steps import provider
from dispatch.web.auth import after, visitor
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.device import device_of
from dispatch.web.entering import enter, leave, refused_sign_in

router = APIRouter(include_in_schema=False)

THERE, BACK = "/sign-in/provider", "/sign-in/provider/back"
STATE_COOKIE = "dispatch_state"


@router.get(THERE)
async def there(request: Request) -> Response:
    """To the provider; the browser keeps the state in a cookie until it is back."""
    deps, known = deps_of(request), _provider(request)
    await visitor(request)
    try:
        begun = await known.begin(deps.service.database, after(request.query_params.get("next")))
    except Refusal as refusal:
        return refused_sign_in(request, refusal)
    response = RedirectResponse(begun.url, 303)
    lasts = int(provider.WITHIN.total_seconds())
    response.set_cookie(
        STATE_COOKIE, begun.state, max_age=lasts, path=BACK, httponly=True, samesite="lax", secure=deps.https
    )
    return response


@router.get(BACK)
async def back(request: Request) -> Response:
    """From the provider: the browser that began, with a code that is good once."""
    deps, known = deps_of(request), _provider(request)
    await visitor(request)
    state, kept = request.query_params.get("state", ""), request.cookies.get(STATE_COOKIE, "")
    try:
        if not kept or not hmac.compare_digest(state.encode("utf-8", "replace"), kept.encode("utf-8", "replace")):
            raise provider.Failed
        device = device_of(request.headers.get("user-agent", ""))
        session, onward = await known.finish(deps.service.database, state, request.query_params.get("code", ""), device)
    except Refusal as refusal:
        return _forget(deps, refused_sign_in(request, refusal))
    await leave(request)
    return _forget(deps, enter(deps, session, onward))


def _forget(deps: WebDeps, response: Response) -> Response:
    response.delete_cookie(STATE_COOKIE, path=BACK, httponly=True, samesite="lax", secure=deps.https)
    return response


def _provider(request: Request) -> provider.Provider:
    found = deps_of(request).provider
    if found is None:
        raise HTTPException(404)
    return found

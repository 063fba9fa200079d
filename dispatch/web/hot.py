"""The hot path, `POST /api/v1/whistles`: a plain ASGI endpoint, documented in the same OpenAPI as the rest.

One validation of the bytes, one hash, the rules, and the group commit; no dependency injection on the way.
"""

import asyncio
from contextvars import Context
from typing import Any

import orjson
import structlog
from pydantic import ValidationError
from starlette.responses import Response

from dispatch.domain.refusals import Forbidden
from dispatch.observe.plain import ids
from dispatch.steps.intake import Receipt
from dispatch.steps.sign_in import Visit
from dispatch.web import problems
from dispatch.web.api.doing import own_photos
from dispatch.web.api.raising import WHISTLE, canonical_hash, key_of, new_whistle, permit, receipt_json
from dispatch.web.auth import factor_needed
from dispatch.web.deps import WebDeps
from dispatch.web.i18n import _
from dispatch.web.limits import Limits, TooFast
from dispatch.web.principals import header_of, headers_of
from dispatch.web.security import App, Receive, Scope, Send

log = structlog.get_logger(__name__)

PATH = "/api/v1/whistles"
_JSON = (b"content-type", b"application/json")


class Hot:
    """Answers after the commit: 201 for a new whistle, 200 for the same request again."""

    def __init__(self, deps: WebDeps) -> None:
        self._deps = deps
        self._base = deps.base_url.rstrip("/")
        self._lines = Lines()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["dispatch.route"] = PATH
        try:
            receipt = await self._raise(scope, receive)
        except Exception as error:
            refused = error if isinstance(error, _Refused) else None
            await (refused.response if refused else problems.of_error(error))(scope, receive, send)
            return
        if receipt.created:
            self._lines.raised(receipt)
        body = orjson.dumps(receipt_json(receipt, self._base), default=str)
        headers = [_JSON, (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
        status = 201 if receipt.created else 200
        if receipt.created:
            headers.append((b"location", f"{PATH}/{receipt.number}".encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _raise(self, scope: Scope, receive: Receive) -> Receipt:
        deps = self._deps
        visit = await deps.principals.visit(scope)  # type: ignore[arg-type]
        key, csrf, media = _headers(scope)
        _admit(visit, csrf, media)
        assert visit is not None
        if visit.token is None:
            _count(deps.limits, visit)
        body = (await receive()).get("body", b"")
        try:
            whistle = WHISTLE.validate_json(body)
        except ValidationError as error:
            raise _Refused(problems.answer(problems.of_validation(error.errors(include_url=False)))) from error
        actor = visit.actor
        reference = deps.service.rules.of(actor.district or "")
        made = key_of(key) or str(deps.service.new_id())
        new = new_whistle(whistle, actor, reference, made, canonical_hash(whistle))
        if whistle.photos:
            await own_photos(deps.service, actor, {"photos": whistle.photos})
        return await deps.intake.raise_(actor, new)


class Lines:
    """What was committed together is answered in one turn of the loop, and told in one line: alone with all that is
    known of it, else by the ids. A line of its own for each would cost as much as all rules of intake."""

    def __init__(self) -> None:
        self._receipts: list[Receipt] = []

    def raised(self, receipt: Receipt) -> None:
        """Tell of it when this turn of the loop is over."""
        self._receipts.append(receipt)
        if len(self._receipts) == 1:
            # of no request in particular, unless it stays alone
            asyncio.get_running_loop().call_soon(self._tell, structlog.contextvars.get_contextvars(), context=Context())

    def _tell(self, first: dict[str, Any]) -> None:
        receipts, self._receipts = self._receipts, []
        if len(receipts) == 1:
            one = receipts[0]
            log.info("whistle.raised", **first, whistle=str(one.id), number=one.number, kind=one.kind, via="api")
            return
        for some in ids(str(receipt.id) for receipt in receipts):
            log.info("whistle.raised", whistles=some, via="api")


class Front:
    """The hot path before everything else: routing through the framework would cost as much as the whole of it."""

    def __init__(self, hot: Hot, app: App) -> None:
        self._hot, self._app = hot, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hot = scope.get("path") == PATH and scope.get("method") == "POST"
        await (self._hot if hot else self._app)(scope, receive, send)


class _Refused(Exception):
    """Refused with a response already made."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def _headers(scope: Scope) -> tuple[str | None, str, str]:
    """Idempotency key, CSRF token and media type."""
    key = header_of(scope, b"idempotency-key") if b"idempotency-key" in headers_of(scope) else None
    media = header_of(scope, b"content-type").partition(";")[0].strip().lower()
    return key, header_of(scope, b"x-csrf-token"), media


def _admit(visit: Visit | None, csrf: str, media: str) -> None:
    if visit is None:
        raise _Refused(problems.unauthorized(_("令牌无效、过期或已停用")))
    if visit.must_change:
        raise _Refused(problems.plain(403, "password-expired", _("密码要先改过，请登录网页改密码")))
    if visit.must_enrol:
        raise _Refused(problems.plain(403, "second-factor-needed", factor_needed()))
    if visit.csrf and visit.csrf != csrf:
        raise Forbidden("这个页面放得太久了；请刷新再办", field="csrf", value=None)
    if not visit.allows("raise"):
        raise Forbidden(
            "这个令牌没有「{scope}」的权限；请换一个令牌", field="Authorization", value="raise", scope="raise"
        )
    permit(visit.actor)
    if media and media != "application/json" and not media.endswith("+json"):
        raise _Refused(problems.plain(415, "unsupported-media-type", _("请发送 application/json"), field="Content-Type",
                                      value=problems.shorten(media)))  # fmt: skip


def _count(limits: Limits, visit: Visit) -> None:
    try:
        limits.count("raise", visit)
    except TooFast as error:
        raise _Refused(error.response()) from error


__all__ = ["PATH", "Front", "Hot"]

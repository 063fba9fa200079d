"""What stands around every request, as plain ASGI: size limit, language, request id, headers, measure."""

import re
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol

import structlog
from starlette.exceptions import HTTPException

from dispatch.clock import new_id
from dispatch.web import i18n, problems
from dispatch.web.i18n import _
from dispatch.web.principals import cookie_of, header_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger(__name__)

CSP = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), geolocation=(self), microphone=(), payment=()"),
)
HSTS = (b"strict-transport-security", b"max-age=31536000")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
#: answers that say "not you": each stands in the log, with the seat that asked
REFUSED = (401, 403)
#: routes that show the name and telephone of whoever told it
UNMASKING = ("/w/{number}/reporter", "/api/v1/whistles/{ref}/reporter")
#: paths below which bodies are a photo, a workbook, or a text of the rules
UPLOADS = ("/admin/import", "/api/v1/photos", "/rules/")
#: paths below which a form may carry as many photos as a whistle has
FORMS = ("/chain/", "/w/", "/whistle")
#: of a page's form that is too long so many times its limit are read and dropped: a browser reads no answer before
DRAINED = 4


class TooLarge(HTTPException):
    """The body of a page's form is longer than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(413)
        self.limit = limit


class Metrics(Protocol):
    """Where requests are counted. `route` is the pattern of the path, never the path itself."""

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request was answered."""

    def sensitive(self, use: str, role: str) -> None:
        """Somebody of this role was shown what is masked (`unmasking`), took a list along (`export`), or was refused
        (`refusal`)."""


class NoMetrics:
    """Counts nothing."""

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request was answered."""

    def sensitive(self, use: str, role: str) -> None:
        """What is watched for being unusual was done."""


class Shell:
    """The outermost layer. An error that nobody caught becomes a 500 problem here."""

    def __init__(
        self,
        app: App,
        *,
        https: bool,
        limit: int,
        upload_limit: int,
        form_limit: int,
        metrics: Metrics | None = None,
    ) -> None:
        """`limit`, `upload_limit`, `form_limit`: bytes of a body, of one under `UPLOADS`, of one under `FORMS`."""
        self._app = app
        self._headers = (*HEADERS, HSTS) if https else HEADERS
        self._names = frozenset(name for name, _value in self._headers)
        self._limits = ((FORMS, form_limit), (UPLOADS, upload_limit), (("/",), limit))
        self._metrics = metrics or NoMetrics()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request, language = _read_headers(scope)
        status = 500
        started = False

        async def sending(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                started, status = True, message["status"]
                message["headers"] = [*self._with_ours(message["headers"]), (b"x-request-id", request.encode())]
            await send(message)

        structlog.contextvars.bind_contextvars(request=request)
        spoken = i18n.speak(language)
        try:
            await self._serve(scope, receive, sending)
        except Exception as error:
            if started:
                raise
            await problems.of_error(error)(scope, receive, sending)
        finally:
            i18n.hush(spoken)
            if status in REFUSED:
                log.info("request.refused", route=pattern(scope), method=scope["method"], code=status,
                         seat=scope.get("dispatch.seat"))  # fmt: skip
            structlog.contextvars.unbind_contextvars("request")
            seconds = time.perf_counter() - began
            self._metrics.request(pattern(scope), scope["method"], status, seconds)
            role = scope.get("dispatch.role")
            if role is not None and (use := sensitive_use(scope["method"], pattern(scope), status)):
                self._metrics.sensitive(use, role)
                if use == "export":
                    log.info("list.exported", route=pattern(scope), seat=scope.get("dispatch.seat"))

    def _with_ours(self, headers: Sequence[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
        """An answer's headers and those of ours that it has not set itself: most have set none."""
        present = [name.lower() for name, _value in headers]
        if self._names.isdisjoint(present):
            return chain(headers, self._headers)
        return chain(headers, (pair for pair in self._headers if pair[0] not in present))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        limit = next((most for paths, most in self._limits if scope["path"].startswith(paths)), self._limits[-1][1])
        if not scope["path"].startswith("/api/"):
            await self._app(scope, _up_to(limit, scope, receive), send)
            return
        body = await read_body(scope, receive, limit)
        if body is None:
            detail = _("请求体超过 {limit} 字节").format(limit=limit)
            refusal = problems.plain(413, "too-large", detail, {"Connection": "close"}, field="body", value=None)
            await refusal(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """The whole body; None as soon as it is, or says it will be, longer than `limit` bytes."""
    length = header_of(scope, b"content-length")
    if length and (not length.isdecimal() or int(length) > limit):
        return None
    message = await receive()
    if message["type"] == "http.disconnect":
        return b""
    first: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return first if len(first) <= limit else None
    parts, size = [first], len(first)
    while size <= limit:
        message = await receive()
        part: bytes = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if not message.get("more_body"):
            return b"".join(parts) if size <= limit else None
    return None


def _up_to(limit: int, scope: Scope, receive: Receive) -> Receive:
    """The body as it comes, never held in memory as a whole (the form's parser puts photos on disk), up to `limit`
    bytes: then it raises `TooLarge`, which a person is shown as a page.
    """
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size <= limit:
            return message
        while message.get("more_body") and size <= DRAINED * limit:
            message = await receive()
            size += len(message.get("body", b""))
        raise TooLarge(limit)

    return counted


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _read_headers(scope: Scope) -> tuple[str, str]:
    """The request's id (the proxy's, where it gave a plain one) and its language."""
    request = header_of(scope, b"x-request-id")
    if not _REQUEST_ID.fullmatch(request):
        request = new_id().hex
    cookie = cookie_of(header_of(scope, b"cookie"), "lang")
    return request, cookie if cookie in i18n.LANGUAGES else language_of(header_of(scope, b"accept-language"))


@lru_cache(maxsize=1024)
def language_of(header: str) -> str:
    """The first language of an Accept-Language header that we speak, by its weights; Chinese otherwise."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _sep, weight = part.partition(";q=")
        try:
            wanted.append((-float(weight or 1), place, tag.strip()[:2].lower()))
        except ValueError:
            continue
    return next((tag for weight, _place, tag in sorted(wanted) if weight < 0 and tag in i18n.LANGUAGES), "zh")


def sensitive_use(method: str, route: str, status: int) -> str | None:
    """What is counted by role, for many in an hour are unusual; None: nothing."""
    if status in REFUSED:
        return "refusal"
    if status >= 400:
        return None
    if route.endswith("/export"):
        return "export"
    return "unmasking" if method == "POST" and route in UNMASKING else None


def pattern(scope: Scope) -> str:
    """The route's pattern, for labels; `other` where none was found."""
    route = scope.get("route")
    found = getattr(route, "path_format", None) or getattr(route, "path", None) or scope.get("dispatch.route")
    return str(found) if found else "other"

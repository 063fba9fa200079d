"""Refusals as `application/problem+json` (RFC 9457): what is wrong with which field, its value, and what to do."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dispatch.domain.calendar import OutOfCalendarError
from dispatch.domain.deadlines import Limit
from dispatch.domain.refusals import Forbidden, Invalid, NotFound, NotNow, Refusal, Stale, without_gaps
from dispatch.store.errors import Rejected, Unavailable, Unfit
from dispatch.web import plainly, say, words
from dispatch.web.i18n import N_, _

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
#: so many characters of a refused value are repeated
VALUE_LENGTH = 80
#: so many wrong fields are listed
MOST_ERRORS = 20
RETRY_AFTER = 2  # seconds
#: what a clause that says what to do begins with
_DO = re.compile("^(?:「.*」)?[请先写选换改填]|请")

_STATUS: tuple[tuple[type[Refusal], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Invalid, 422),
    (NotNow, 409),
    (Stale, 409),
)
_TITLES: Mapping[int, str] = {
    400: N_("请求读不懂"),
    401: N_("请先登录"),
    403: N_("不归您办"),
    404: N_("没有这个"),
    405: N_("不能这样请求"),
    409: N_("现在不行"),
    413: N_("请求太大"),
    415: N_("格式不对"),
    422: N_("填得不对"),
    429: N_("太快了"),
    500: N_("服务出错了"),
    503: N_("暂时办不了"),
}
_REMEDIES: Mapping[int, str] = {
    400: N_("请按接口文档 /openapi.json 发送 UTF-8 的 JSON"),
    401: N_("请登录，或在 Authorization 里带上有效的令牌"),
    403: N_("请换有这项权限的岗位来办"),
    404: N_("请核对编号或地址"),
    405: N_("请按接口文档 /openapi.json 换一种方法"),
    409: N_("请刷新，看过现在的状态再办"),
    413: N_("请缩短内容；照片用 /api/v1/photos 上传"),
    415: N_("请按接口文档 /openapi.json 的格式发送"),
    422: N_("请改过再发"),
    429: N_("请稍等再试"),
    500: N_("请稍后再试；还不行，把编号告诉管理员"),
    503: N_("请稍后再试，同一个 Idempotency-Key 不会重复吹哨"),
}
#: pydantic's error types → what is said; `{…}` are pydantic's own context values
_FAULTS: Mapping[str, str] = {
    "missing": N_("缺少「{field}」，请补上"),
    "extra_forbidden": N_("没有「{field}」这个字段，请去掉"),
    "string_type": N_("「{field}」要是文字"),
    "string_too_long": N_("「{field}」太长，最多 {max_length} 个字，请缩短"),
    "string_too_short": N_("「{field}」不能为空，请填上"),
    "string_pattern_mismatch": N_("「{field}」的写法不对，请按接口文档填"),
    "string_unicode": N_("「{field}」里有不成对的代理字符，请去掉"),
    "nul": N_("「{field}」里有 NUL 字符，请去掉"),
    "bool_type": N_("「{field}」要是 true 或 false"),
    "bool_parsing": N_("「{field}」要是 true 或 false"),
    "float_type": N_("「{field}」要是数"),
    "float_parsing": N_("「{field}」要是数"),
    "int_type": N_("「{field}」要是整数"),
    "int_parsing": N_("「{field}」要是整数"),
    "int_from_float": N_("「{field}」要是整数"),
    "int_parsing_size": N_("「{field}」这个数太大"),
    "finite_number": N_("「{field}」要是有限的数，不能是 NaN 或 Infinity"),
    "greater_than_equal": N_("「{field}」不能小于 {ge}"),
    "less_than_equal": N_("「{field}」不能大于 {le}"),
    "literal_error": N_("「{field}」只能是 {expected}"),
    "enum": N_("「{field}」只能是 {expected}"),
    "too_long": N_("「{field}」太多，最多 {max_length} 个"),
    "too_short": N_("「{field}」至少要 {min_length} 个"),
    "list_type": N_("「{field}」要是列表"),
    "model_type": N_("「{field}」要是对象（花括号里写字段）"),
    "dict_type": N_("「{field}」要是对象（花括号里写字段）"),
    "uuid_type": N_("「{field}」要是编号（UUID）"),
    "uuid_parsing": N_("「{field}」要是编号（UUID）"),
    "timezone_aware": N_("「{field}」要带时区，如 2026-06-18T09:14:00+08:00"),
    "datetime_parsing": N_("「{field}」要是时间，如 2026-06-18T09:14:00+08:00"),
    "datetime_from_date_parsing": N_("「{field}」要是时间，如 2026-06-18T09:14:00+08:00"),
    "datetime_type": N_("「{field}」要是时间，如 2026-06-18T09:14:00+08:00"),
    "out_of_range": N_("「{field}」不在 2000 年到 2100 年之间，请核对"),
}
_BROKEN = N_("请求体不是 UTF-8 的 JSON：{error}")
_OTHER = N_("「{field}」填得不对")


def shorten(value: Any) -> Any:
    """A refused value, safe to send back: plain, short, no half characters."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    try:
        text = value if isinstance(value, str) else str(value)
    except ValueError:  # a number of more digits than Python writes out
        text = "…"
    cut = text if len(text) <= VALUE_LENGTH else text[:VALUE_LENGTH] + "…"
    return cut.encode("utf-8", "replace").decode().replace("\x00", "�")


def body(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """A problem's members. `field`, `value`, `remedy`, `errors`, `allowed_actions`, `changed` come in `more`."""
    made: dict[str, Any] = {
        "type": f"urn:dispatch:problem:{code}",
        "title": _(_TITLES.get(status, HTTPStatus(status).phrase)),
        "status": status,
        "detail": detail,
        "code": code,
        "remedy": remedy(status, detail),
    }
    made.update({key: value for key, value in more.items() if value is not None or key == "value"})
    request = structlog.contextvars.get_contextvars().get("request")
    if request:
        made["instance"] = f"urn:dispatch:request:{request}"
    return made


def remedy(status: int, detail: str) -> str:
    """What to do: the sentence's own last clause where it has one, else the general advice of the status."""
    clauses = [part.strip() for part in re.split(r"[，；;]|\. |, please ", detail.rstrip("。.")) if part.strip()]
    if status in (403, 409, 422) and len(clauses) > 1 and (clauses[-1].isascii() or _DO.search(clauses[-1])):
        return clauses[-1]
    return advice(status)


def advice(status: int) -> str:
    """What to do upon a status in general."""
    return _(_REMEDIES.get(status, _REMEDIES[422]))


def answer(members: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """The problem as a response."""
    return Response(orjson.dumps(members, default=str), members["status"], dict(headers or {}), MEDIA_TYPE)


def plain(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """A problem made on the spot."""
    return answer(body(status, code, detail, **more), headers)


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return next((status for kind, status in _STATUS if isinstance(refusal, kind)), 422)


#: parameters that are sentences themselves
_SENTENCES = {"stands", "then"}


def said(refusal: Refusal) -> str:
    """The refusal's sentence as a page says it, in the reader's language."""
    return _filled(refusal, plainly.SENTENCES.get(refusal.message, refusal.message))


def _filled(refusal: Refusal, message: str) -> str:
    values = {key: say.limit(one) if isinstance(one, Limit) else shorten(one) for key, one in refusal.params.items()}
    if isinstance(values.get("action"), str):
        values["action"] = words.button(values["action"])
    if isinstance(values.get("scope"), str):
        values["scope"] = words.scope(values["scope"])
    for name in _SENTENCES & values.keys():
        values[name] = _(str(values[name]))
    return without_gaps(_(message), message, refusal.params, _("没有填写")).format(**values)


def of_refusal(refusal: Refusal, **more: Any) -> dict[str, Any]:
    """A refusal of the rules as a problem."""
    members: dict[str, Any] = {}
    if refusal.field is not None:
        members = {"field": refusal.field, "value": shorten(refusal.value)}
    if isinstance(refusal, NotNow):
        members["allowed_actions"] = list(refusal.allowed)
    return body(status_of(refusal), refusal.code, _filled(refusal, refusal.message), **members, **more)


def of_validation(
    errors: Sequence[ErrorDetails], where: str = "", labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Wrong fields as a problem: each with its value and what is wrong; unreadable JSON is a 400.

    `labels` are the fields' names on a page, which the sentences call them by.
    """
    broken = next((error for error in errors if error["type"] in ("json_invalid", "recursion_loop")), None)
    if broken is not None:
        detail = _(_BROKEN).format(error=shorten(str((broken.get("ctx") or {}).get("error", ""))))
        return body(400, "unreadable", detail, field="body", value=None)
    found = [_fault(error, where, labels or {}) for error in errors[:MOST_ERRORS]]
    first = found[0]
    named = {"field": first["field"], "value": first["value"], "remedy": first["remedy"]}
    return body(422, "invalid", first["message"], errors=found, **named)


def _fault(error: ErrorDetails, where: str, labels: Mapping[str, str]) -> dict[str, Any]:
    path = [str(part) for part in error["loc"] if str(part) not in ("body", "query", "path", "header")]
    field = ".".join(path) or where or "body"
    context = {key: shorten(value) for key, value in (error.get("ctx") or {}).items()}
    template = _FAULTS.get(error["type"], _OTHER)
    label = labels.get(field) or labels.get(field.split(".")[0]) or field
    message = _(template).format(**{**context, "field": label})
    value = None if error["type"] in ("missing", "extra_forbidden") else shorten(error.get("input"))
    return {"field": field, "value": value, "message": message, "remedy": remedy(422, message)}


def of_error(error: BaseException) -> Response:
    """Any error as a response; what nobody foresaw is a 500 without inner details, and is logged."""
    if isinstance(error, Refusal):
        return answer(of_refusal(error))
    if isinstance(error, ValidationError):
        return answer(of_validation(error.errors(include_url=False)))
    if isinstance(error, Unavailable):
        log.warning("database.unavailable", error=str(error)[:200])
        detail = _("数据库暂时连不上，这次没有办成")
        return plain(503, "unavailable", detail, {"Retry-After": str(RETRY_AFTER)})
    if isinstance(error, OutOfCalendarError):
        return plain(422, "invalid", _("时间超出了工作日历的年份，请改近一些"))
    if isinstance(error, Rejected) and not isinstance(error, Unfit):
        log.error("database.rejected", error=str(error)[:200])
        return plain(422, "invalid", _("有一个值存不下，请核对各字段"))
    if isinstance(error, HTTPException):
        detail = error.detail if isinstance(error.detail, str) else ""
        known = _(_TITLES[error.status_code]) if error.status_code in _TITLES else detail
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        return plain(error.status_code, code, known, error.headers)
    log.error("request.failed", exc_info=error)
    return plain(500, "internal", _("服务出错了，已经记下"))


def unauthorized(detail: str) -> Response:
    """Nobody we know."""
    return plain(401, "unauthorized", detail, {"WWW-Authenticate": 'Bearer realm="dispatch"'})

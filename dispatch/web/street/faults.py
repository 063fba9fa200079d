"""What is wrong with a form of 吹哨: each fault at its field, in the words of the page."""

from collections.abc import Mapping

from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from dispatch.domain.refusals import Refusal
from dispatch.steps.foresee import Forecast
from dispatch.web import problems
from dispatch.web.api.fields import BODY, PHOTOS
from dispatch.web.i18n import N_, _
from dispatch.web.street.typed import Typed

#: the API's fields as the form calls them
NAMES = {"reporter.name": "reporter_name", "reporter.phone": "reporter_phone", "source.number": "source_number",
         "source.due_at": "source_due_at", "photos": "body", "Idempotency-Key": "body", "file": "body",
         "street": "place", "address": "place"}  # fmt: skip
#: the API's fields as the page calls them
LABELS: Mapping[str, str] = {
    "body": N_("什么事？"),
    "place": N_("在哪里？"),
    "category": N_("类别"),
    "lead": N_("主办单位"),
    "assist": N_("协办单位"),
    "override_reason": N_("为什么不按清单"),
    "photos": N_("照片"),
    "source.number": N_("来源编号"),
    "source.due_at": N_("来源要求的期限"),
    "reporter.name": N_("来访人怎么称呼"),
    "reporter.phone": N_("来访人电话"),
    "occurred_at": N_("什么时候发生的"),
}


def field_of(refusal: Refusal) -> str:
    """The form's field that a refusal is about."""
    return NAMES.get(refusal.field or "", refusal.field or "body")


def crowd_of(form: FormData, typed: Typed) -> dict[str, str]:
    """More photos than a whistle has: the first are kept, and it is said."""
    sent = sum(isinstance(one, UploadFile) and bool(one.filename) for one in form.getlist("photo"))
    if len(typed.kept) + sent <= PHOTOS:
        return {}
    return {"body": _("照片最多 %(n)s 张，前 %(n)s 张留下了；请看一下，再按吹哨", n=PHOTOS)}


def faults_of(typed: Typed, forecast: Forecast | None) -> dict[str, str]:
    """What is still missing, in the order of the page."""
    found: dict[str, str] = {}
    body = typed.get("body").strip()
    if not body:
        found["body"] = _("写上什么事，一句话也行")
    elif len(body) > BODY:
        found["body"] = _("太长了，最多 %(n)s 个字", n=BODY)
    if typed.get("place_text").strip() and not typed.place:
        found["place"] = _(
            "没有找到「%(text)s」，请从下面选一处，或者把它删掉", text=typed.get("place_text").strip()[:40]
        )
    if forecast is not None and forecast.danger_words and typed.get("danger") not in ("yes", "no"):
        found["danger"] = _("答一下现在有没有危险")
    if typed.get("lead") and not typed.get("override_reason").strip():
        found["override_reason"] = _("自己点了单位，写一句为什么")
    if typed.assist and not typed.get("lead"):
        found["lead"] = _("选了协办，也要选主办")
    return found


def named(error: ValidationError) -> dict[str, str]:
    """Validation's errors, each at its field and under its label."""
    labels = {name: _(label) for name, label in LABELS.items()}
    problem = problems.of_validation(error.errors(include_url=False), labels=labels)
    errors = problem.get("errors")
    return {
        NAMES.get(str(one["field"]), str(one["field"]).split(".")[0]): str(one["message"])
        for one in (errors if isinstance(errors, list) else ())
    }

"""How the rules' fields and values are said: 主办 消防 → 住建, 加「快递柜」, 办理 2 小时 → 4 小时."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dispatch.domain.deadlines import Limit
from dispatch.domain.reference import Reference
from dispatch.steps.rule_changes.compared import Path, Value
from dispatch.web import say, words
from dispatch.web.i18n import N_, _

KINDS: Mapping[str, str] = {"duties": N_("权责清单"), "policies": N_("时限与政策"), "words": N_("险情词与回避词")}
STATES: Mapping[str, str] = {
    "waiting": N_("等第二个人定"),
    "approved": N_("已生效"),
    "declined": N_("没同意"),
    "withdrawn": N_("撤回了"),
}
_FIELDS: Mapping[str, str] = {
    "title": N_("标题"),
    "name": N_("名称"),
    "group": N_("大类"),
    "lead": N_("主办"),
    "assist": N_("协办"),
    "outcome": N_("去向"),
    "kind": N_("种类"),
    "words": N_("词"),
    "limit": N_("时限"),
    "marks": N_("中间时限"),
    "report_in": N_("报到方式"),
    "report_limit": N_("报到时限"),
    "sealed": N_("封存"),
    "say": N_("提示"),
    "basis": N_("依据"),
    "source": N_("出处"),
    "needs": N_("还须有"),
    "without": N_("不能有"),
    "policy": N_("政策"),
    "consultation": N_("会商"),
    "demo": N_("演示"),
    "match": N_("匹配"),
    "ratio": N_("领先倍数"),
    "title_weight": N_("标题加权"),
    "short": N_("短文字数"),
    "buried": N_("长文里的最低分"),
    "asking": N_("问句词"),
    "owner": N_("归谁"),
    "emergency": N_("应急时限"),
    "start": N_("起始级"),
    "emergency_start": N_("应急起始级"),
    "climbs": N_("往上走"),
    "who": N_("谁"),
    "asked": N_("请他做什么"),
    "counterpart": N_("单位那边叫谁"),
    "wait": N_("等多久"),
    "emergency_wait": N_("应急等多久"),
    "reminder": N_("催办间隔"),
    "notice": N_("通报前"),
    "warn_at": N_("临期"),
    "quiet_from": N_("安静时段从"),
    "quiet_until": N_("安静时段到"),
    "quiet_rungs": N_("安静时段的级"),
    "source_margin": N_("比来源时限提前"),
    "extension_by_street": N_("街道可批的延期"),
    "handback_within": N_("多久内可退单"),
    "late_extension_share": N_("临期才申请延期"),
    "rejections": N_("退回理由"),
    "replaces": N_("代替哪个政策"),
    "areas": N_("适用的地方"),
    "kinds": N_("适用的种类"),
    "danger": N_("险情词"),
    "avoidance": N_("回避"),
    "within": N_("相隔字数"),
    "aliases": N_("叫法"),
    "misconduct": N_("违纪词"),
    "before": N_("标题里名字前的词"),
    "between": N_("夹在中间的词"),
    "stages": "",
    "rungs": "",
    "policies": "",
    "duties": "",
}
_UNITS = ("lead", "assist")
_LIMITS = (
    *("limit", "report_limit", "emergency", "wait", "emergency_wait", "reminder", "notice", "source_margin"),
    *("extension_by_street", "handback_within"),
)


def listed(parts: Iterable[str]) -> str:
    """甲、乙."""
    return _("、").join(part for part in parts if part)


def told(what: str, said: str) -> str:
    """主办：消防."""
    return _("%(what)s：%(said)s", what=what, said=said)


def aside(said: str, more: str) -> str:
    """消防（301 消防通道锁堵）."""
    return _("%(said)s（%(more)s）", said=said, more=more) if more else said


def kind(code: str) -> str:
    """The name of a document."""
    return _(KINDS.get(code, code))


def state(code: str) -> str:
    """What became of a proposal."""
    return _(STATES.get(code, code))


def field(path: Path) -> str:
    """Where in an entry: 办理时限, 第 3 级等多久."""
    said: list[str] = []
    for place, part in enumerate(path):
        before = path[place - 1] if place else ""
        if before == "stages":
            said.append(words.stage(part))
        elif before == "rungs":
            said.append(_("第 %(n)s 级", n=part))
        else:
            said.append(_(_FIELDS[part]) if _FIELDS.get(part) else "" if part in _FIELDS else part)
    return " ".join(one for one in said if one)


def unit(code: str, reference: Reference) -> str:
    """A unit's short name; JD and SQ are those of the place."""
    if code in ("JD", "SQ"):
        return {"JD": _("街道执法队"), "SQ": _("社区")}[code]
    found = reference.units.get(code)
    return found.short if found else code


def value(path: Path, said: Value, reference: Reference) -> str:
    """A value in words."""
    if said is None or said in ("", ()):
        return _("没有")
    if isinstance(said, tuple):
        return listed(value(path, one, reference) for one in said)
    name = path[-1]
    if name in _UNITS:
        return unit(said, reference)
    if name in ("outcome", "kind"):
        return words.outcome(said) if name == "outcome" else _(words.KINDS.get(said, said))
    if name in _LIMITS:
        return limit(said)
    return {"true": _("是"), "false": _("否"), "sign": _("签收"), "on-site": _("到场")}.get(said, said)


def limit(said: str | None) -> str:
    """2 小时 for 2h; several joined by dots each by itself."""
    if said is None:
        return _("没有")
    parts = said.split("・")
    made: list[str] = []
    for part in parts:
        try:
            made.append(say.limit(Limit.parse(part)))
        except ValueError:
            made.append(part)
    return "・".join(made)

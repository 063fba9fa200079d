"""Why these units: the reason of a routing as a sentence, the matched words marked."""

from collections.abc import Mapping, Sequence
from typing import Any

from dispatch.domain.reference import Reference
from dispatch.web.i18n import _
from dispatch.web.models.parts import Span, Text, mark, spans


def why_text(reason: Mapping[str, Any], rule: str | None, reference: Reference, *, note: str | None = None) -> Text:
    """The sentence; `reason` is the decision's data (`dispatch.domain.routing.Reason.as_json`)."""
    duty = reference.duties.get(rule) if rule else None
    words = [str(word[0]) for word in reason.get("words") or ()]
    code = str(reason.get("code"))
    said: list[str | Span] = []
    if code == "named":
        said.append(_("街道自己点的单位。"))
        if note:
            said.append(_("理由：%(note)s。", note=note.rstrip("。")))
        return spans(*said)
    if code in ("ambiguous", "weak", "none"):
        return spans(*_unsure(code, reason, reference))
    if code in ("avoidance", "misconduct"):
        return spans(*_accused(reason, reference, misconduct=code == "misconduct"))
    if duty is not None:
        how = _("选的是清单 %(code)s「%(name)s」") if code == "chosen" else _("清单 %(code)s「%(name)s」")
        said.append(how % {"code": duty.code, "name": duty.name})
    if words:
        said += [_("，命中"), *_marked(words)]
    said.append(_("。"))
    if duty is not None:
        said.append(_basis(duty.basis, duty.source))
    if code == "place-unknown":
        said.append(_("地点还不够清楚，定不了是哪一家，请区调度台来定。"))
    return spans(*said, *_left_out(reason, reference))


def _marked(words: Sequence[str]) -> list[str | Span]:
    return [part for word in dict.fromkeys(words) for part in ("「", mark(word), "」")]


def _basis(basis: str, source: str) -> str:
    example = "示例" in source
    limit = _("时限为示例。") if example else _("时限来源：%(source)s。", source=source)
    return (_("依据：%(basis)s；", basis=basis.rstrip("。；")) if basis else "") + limit


def _unsure(code: str, reason: Mapping[str, Any], reference: Reference) -> list[str | Span]:
    runners = list(reason.get("runners_up") or ())
    if not runners:
        return [_("清单里没有一条对得上，请区调度台定单位。")]
    said: list[str | Span] = [_("像这几类，分不出先后：") if code == "ambiguous" else _("只在很后面提到，拿不准：")]
    for i, (duty_code, _score, words) in enumerate(runners[:3]):
        duty = reference.duties.get(str(duty_code))
        said.append(("；" if i else "") + f"{duty_code}{duty.name if duty else ''}")
        said += _marked([str(word) for word in words][:3])
    said.append(_("。请区调度台定单位，或者自己选类别。"))
    return said


def _accused(reason: Mapping[str, Any], reference: Reference, *, misconduct: bool) -> list[str | Span]:
    if misconduct:
        return [_("说的是干部作风，走纪检监察的路，已封存，不派给任何单位。")]
    units = [reference.units.get(str(row[0])) for row in reason.get("accused") or ()]
    names = _("、").join(dict.fromkeys(unit.name for unit in units if unit)) or _("被反映的单位")
    return [_("说的是%(units)s的不是，按回避规则不派给它，由区调度台来定，已封存。", units=names)]


def _left_out(reason: Mapping[str, Any], reference: Reference) -> list[str | Span]:
    """Units of the duty that are not called, for a reason worth a word."""
    lost = [str(row[0]) for row in reason.get("left_out") or () if row[1] == "place-unknown"]
    if not lost or reason.get("code") == "place-unknown":
        return []
    names = {"SQ": _("所在社区"), "JD": _("街道综合执法队")}
    return [_("%(units)s没有叫：地点没写到那一级。", units=_("、").join(names.get(code, code) for code in lost))]

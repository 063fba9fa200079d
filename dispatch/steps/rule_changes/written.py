"""Documents as YAML again, for versions whose own text was not kept: read back, they say the same.

Comments, order of keys and anchors of the first text are not in a document, so they are not in this one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from dispatch.steps.rule_changes.texts import DUTIES, POLICIES

#: nothing but letters, digits and what has no meaning in YAML: stands as it is
_PLAIN = re.compile(r"[0-9A-Za-z_.\u4e00-\u9fff][0-9A-Za-z_.\u4e00-\u9fff·・—、，。；：（）「」《》〔〕★%/+-]*")
_FIRST = ("code", "name", "lead", "assist", "outcome", "kind", "limit", "basis", "source")
_NOTHING = ("null", "Null", "NULL")
#: what YAML takes for the end of a line, or does not let stand at all
_UNPRINTABLE = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def write(kind: str, document: Mapping[str, Any]) -> str:
    """The text of a document."""
    lines = {DUTIES: _duties, POLICIES: _policies}.get(kind, _words)(document)
    return "\n".join(lines) + "\n"


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text not in _NOTHING:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def flow(value: object) -> str:
    """A value on one line; of a mapping what is None is left out."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_scalar(key)}: {flow(one)}" for key, one in value.items() if one is not None)
        return "{" + inner + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return _scalar(value)


def _title(document: Mapping[str, Any]) -> list[str]:
    return [f"title: {_scalar(document['title'])}"] if document["title"] else []


def _duties(document: Mapping[str, Any]) -> Iterator[str]:
    yield from _title(document)
    match = document["match"]
    yield "match:"
    yield f"  ratio: {_scalar(match['ratio'])}"
    yield f"  title: {_scalar(match['title_weight'])}"
    yield f"  short: {_scalar(match['short'])}"
    yield f"  buried: {_scalar(match['buried'])}"
    yield f"  asking: {flow(match['asking'])}"
    groups = {duty["code"][:1]: duty["group"] for duty in document["duties"] if duty["group"]}
    if groups:
        yield "groups:"
        yield from (f"  {json.dumps(first)}: {_scalar(name)}" for first, name in groups.items())
    yield "duties:"
    for duty in document["duties"]:
        yield from _duty(duty)


def _duty(duty: Mapping[str, Any]) -> Iterator[str]:
    first = {
        key: duty[key] for key in ("code", "name", "lead", "assist", "outcome", "kind", "limit", "basis", "source")
    }
    first["code"] = duty["code"]
    more: dict[str, Any] = {}
    if duty["marks"]:
        more["marks"] = duty["marks"]
    if duty["report_in"] != "sign":
        more["report-in"] = duty["report_in"]
    for key, name in (("report_limit", "report-limit"), ("say", "say"), ("needs", "needs"), ("without", "not")):
        if duty[key]:
            more[name] = duty[key]
    if duty["policy"] != "standard":
        more["policy"] = duty["policy"]
    more |= {key: True for key in ("sealed", "consultation", "demo") if duty[key]}
    more["words"] = duty["words"]
    yield f"  - {flow(first)[:-1]},"
    rest = [f"{key}: {flow(value)}" for key, value in more.items()]
    for line in rest[:-1]:
        yield f"     {line},"
    yield f"     {rest[-1]}" + "}"


def _policies(document: Mapping[str, Any]) -> Iterator[str]:
    yield from _title(document)
    yield "policies:"
    for policy in document["policies"]:
        yield from _policy(policy)


def _policy(policy: Mapping[str, Any]) -> Iterator[str]:
    yield f"  - code: {_scalar(policy['code'])}"
    for key in ("name", "basis", "replaces"):
        if policy.get(key):
            yield f"    {key}: {_scalar(policy[key])}"
    for key in ("areas", "kinds"):
        if policy.get(key):
            yield f"    {key}: {flow(policy[key])}"
    yield "    stages:"
    for stage in policy["stages"]:
        rule = {key: stage[key] for key in ("owner", "limit", "emergency", "start")}
        rule |= {"emergency-start": stage["emergency_start"], "climbs": stage["climbs"]}
        yield f"      {stage['stage']}: {flow(rule)}"
    yield "    rungs:"
    for rung in policy["rungs"]:
        told = {key: rung[key] for key in ("rung", "who", "asked", "counterpart", "wait")}
        yield f"      - {flow(told | {'emergency-wait': rung['emergency_wait']})}"
    yield f"    reminder: {policy['reminder']}"
    yield f"    notice: {policy['notice']}"
    yield f"    warn: {_percent(policy['warn_at'])}"
    quiet = {"from": policy["quiet_from"], "until": policy["quiet_until"], "rungs": policy["quiet_rungs"]}
    yield f"    quiet: {flow(quiet)}"
    for key, name in (
        ("source_margin", "source-margin"),
        ("extension_by_street", "extension-by-street"),
        ("handback_within", "hand-back-within"),
    ):
        yield f"    {name}: {policy[key]}"
    yield f"    late-extension: {_percent(policy['late_extension_share'])}"
    yield "    rejections:"
    yield from (f"      - {flow({'code': code, 'name': name})}" for code, name in policy["rejections"])


def _percent(share: float) -> str:
    """As the reader divides it by a hundred again."""
    return _scalar(round(share * 100, 9))


def _words(document: Mapping[str, Any]) -> Iterator[str]:
    yield from _title(document)
    yield f"danger: {flow(document['danger'])}"
    avoidance = document["avoidance"]
    yield "avoidance:"
    yield f"  within: {_scalar(avoidance['within'])}"
    if avoidance["aliases"]:
        yield "  names:"
        yield from (f"    {_scalar(unit)}: {flow(names)}" for unit, names in avoidance["aliases"].items())
    for key in ("between", "before", "words", "misconduct"):
        yield f"  {key}: {flow(avoidance[key])}"

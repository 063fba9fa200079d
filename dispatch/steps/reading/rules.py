"""duties.yaml, words.yaml, policies.yaml and weights.yaml: the rules, checked against the units."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, get_args

from dispatch.domain.avoidance import OTHER, STREET
from dispatch.domain.counterparts import POSTS
from dispatch.domain.duty import KINDS, OUTCOMES
from dispatch.domain.policy import STANDARD, Owner, Place, places
from dispatch.domain.units import BY_PLACE
from dispatch.steps.reading.cursor import Cursor

STAGES = ("dispatch", "reported", "handling", "verification", "answering", "ruling", "hold", "total")
NO_LIMIT = ("handling", "hold")  # the duty gives it, or the review date
EXAMPLE = "示例"
#: what people write in the place of a code
CALLED = {
    "派单": "dispatch",
    "街道自办": "self",
    "咨询答复": "answer",
    "转市级": "relay",
    "引导法定途径": "statutory",
    "诉求": "appeal",
    "群众诉求": "appeal",
    "执法": "enforcement",
    "综合执法": "enforcement",
    "应急": "emergency",
    "应急处置": "emergency",
}
_CODE, _SEVERAL = re.compile(r"[0-9A-Z][0-9A-Za-z._-]{0,15}"), re.compile("[，、；]")


def called_of(units: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Codes by what units are called; each is code, name, short name."""
    return {called: code for code, *names in units for called in names}


def called_in(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The same, of a document's rows."""
    return called_of((row["code"], row["name"], row["short"]) for row in rows)


def read_duties(
    top: Cursor, units: Collection[str], policies: Collection[str], called: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The document of the duty list, every default filled in. `called`: codes of units by their names."""
    title = top.text("title", "")
    match = top.inner("match")
    rule = {
        "ratio": match.number("ratio", 1.5, low=1, high=100),
        "title_weight": match.whole("title", 2, low=1, high=10),
        "short": match.whole("short", 60, high=1000),
        "buried": match.whole("buried", 0, high=10_000),
        "asking": match.texts("asking"),
    }
    match.close()
    defaults = top.inner("defaults", required=False)
    fallback = {"limit": defaults.limit("limit", "24h"), "basis": defaults.text("basis", "")}
    defaults.close()
    groups = dict(top.inner("groups", required=False).value)
    leads = [code for code in units if "-" not in code] + list(BY_PLACE)
    duties: dict[str, dict[str, Any]] = {}
    for one in top.each("duties", required=True):
        code = one.text("code")
        if code and not _CODE.fullmatch(code):
            one.wrong("code", code, "事项代码用 1 到 16 位数字、字母、点、横线，数字或大写字母开头；引号要半角")
        if code in duties:
            one.wrong("code", code, "这个事项代码已用过，请改一个")
        duty = _duty(one, code, leads, policies, fallback, called or {})
        duties[code] = duty | {"group": groups.get(code[:1], "")}
    top.close()
    return {"title": title, "match": rule, "duties": list(duties.values())}


def _duty(
    one: Cursor,
    code: str,
    leads: Collection[str],
    policies: Collection[str],
    fallback: dict[str, Any],
    called: Mapping[str, str],
) -> dict[str, Any]:
    lead = one.text("lead", among=leads, called=called)
    assist = one.texts("assist", among=leads, called=called)
    if lead in assist:
        one.wrong("assist", lead, "主办单位不能又是协办单位，请删去")
    marks = [{"name": m.text("name"), "limit": m.limit("limit")} for m in one.each("marks")]
    duty = {
        "code": code,
        "name": one.text("name"),
        "lead": lead,
        "assist": assist,
        "outcome": one.text("outcome", among=OUTCOMES[:-1], called=CALLED),
        "kind": one.text("kind", among=KINDS, called=CALLED),
        "words": one.texts("words"),
        "limit": one.limit("limit", fallback["limit"]),
        "marks": marks,
        "report_in": one.text("report-in", "sign", among=("sign", "on-site")),
        "report_limit": one.limit("report-limit", None),
        "sealed": one.flag("sealed"),
        "say": one.text("say", ""),
        "basis": one.text("basis", fallback["basis"]),
        "source": one.text("source", EXAMPLE),
        "needs": one.texts("needs"),
        "without": one.texts("not"),
        "policy": one.text("policy", STANDARD, among=policies),
        "consultation": one.flag("consultation"),
        "demo": one.flag("demo"),
    }
    _apart(one, "words", duty["words"])
    for key, words in (("needs", duty["needs"]), ("not", duty["without"])):
        _apart(one, key, words)
        for word in words:
            if len(word) < 2:
                one.wrong(key, word, "至少两个字，单字太容易碰上")
    return duty


def _apart(one: Cursor, key: str, words: Collection[str]) -> None:
    """Words parted by a Chinese comma are one word to YAML, which nobody ever writes."""
    for word in words:
        if _SEVERAL.search(word):
            one.wrong(key, word, "词和词之间请用半角逗号")


def read_words(top: Cursor, units: Collection[str]) -> dict[str, Any]:
    """The document of the danger words and the words of avoidance."""
    title = top.text("title", "")
    danger = top.texts("danger")
    avoidance = top.inner("avoidance", required=False)
    before, between = avoidance.texts("before"), avoidance.texts("between")
    within = avoidance.whole("within", 8, low=0, high=40)
    names = avoidance.inner("names", required=False)
    known = [STREET, OTHER, *BY_PLACE, *(code for code in units if "-" not in code)]
    aliases = {code: names.texts(code) for code in known if code in names.value}
    names.known.extend(known)
    names.close()
    words, misconduct = avoidance.texts("words"), avoidance.texts("misconduct")
    avoidance.close()
    called = [name for group in aliases.values() for name in group]
    for key, given in (("danger", danger), ("avoidance", [*words, *misconduct, *before, *called])):
        _apart(top, key, given)
        for word in given:
            if len(word) < 2:
                top.wrong(key, word, "至少两个字，单字太容易碰上")
    top.close()
    avoid = {"within": within, "aliases": aliases, "words": words, "misconduct": misconduct}
    avoid |= {"before": before, "between": between}
    return {"title": title, "danger": danger, "avoidance": avoid}


def read_policies(top: Cursor, nodes: Collection[str]) -> dict[str, Any]:
    """The document of the policies; the standard one must be there, with all stages and five rungs."""
    title = top.text("title", "")
    policies: list[dict[str, Any]] = []
    taken: dict[Place, str] = {}
    for one in top.each("policies", required=True):
        policies.append(made := _policy(one, nodes))
        for place in places(made["replaces"], made["areas"], made["kinds"]):
            before = taken.setdefault(place, made["code"])
            if before != made["code"]:
                one.wrong(
                    "areas" if place[1] else "kinds",
                    place[1] or place[2] or "",
                    "这里已由政策 {before} 代替 {replaced}，请删去一处",
                    before=before,
                    replaced=made["replaces"],
                )
    codes = {policy["code"] for policy in policies}
    for policy in policies:
        if policy["replaces"] not in codes or (
            (policy["areas"] or policy["kinds"]) and policy["replaces"] == policy["code"]
        ):
            top.wrong("replaces", policy["replaces"], "政策 {code} 代替的要是另一个政策的代码", code=policy["code"])
    if STANDARD not in (policy["code"] for policy in policies):
        top.wrong("policies", STANDARD, "缺少代码为 {code} 的政策，请补上", code=STANDARD)
    top.close()
    return {"title": title, "policies": policies}


def _policy(one: Cursor, nodes: Collection[str]) -> dict[str, Any]:
    quiet = one.inner("quiet")
    policy = {
        "code": one.text("code", shape=r"[a-z0-9-]{1,40}"),
        "name": one.text("name"),
        "basis": one.text("basis", EXAMPLE),
        "stages": _stages(one),
        "rungs": _rungs(one),
        "reminder": one.limit("reminder"),
        "notice": one.limit("notice"),
        "warn_at": one.number("warn", 80, low=1, high=99) / 100,
        "quiet_from": quiet.whole("from", low=0, high=23),
        "quiet_until": quiet.whole("until", low=0, high=23),
        "quiet_rungs": [int(r) for r in quiet.texts("rungs", among=list("12345"))],
        "source_margin": one.limit("source-margin"),
        "extension_by_street": one.limit("extension-by-street"),
        "handback_within": one.limit("hand-back-within"),
        "late_extension_share": one.number("late-extension", 80, low=1, high=100) / 100,
        "rejections": [[r.text("code"), r.text("name")] for r in one.each("rejections", required=True)],
        "replaces": one.text("replaces", STANDARD),
        "areas": one.texts("areas", among=nodes),
        "kinds": one.texts("kinds", among=KINDS),
    }
    quiet.close()
    return policy


def _stages(one: Cursor) -> list[dict[str, Any]]:
    stages = one.inner("stages")
    out = []
    for stage in STAGES:
        rule = stages.inner(stage)
        none = None if stage in NO_LIMIT else ...
        start = rule.whole("start", low=1, high=5)
        out.append(
            {
                "stage": stage,
                "owner": rule.text("owner", among=get_args(Owner)),
                "limit": rule.limit("limit") if none is ... else rule.limit("limit", None),
                "emergency": rule.limit("emergency", None),
                "start": start,
                "emergency_start": rule.whole("emergency-start", start, low=1, high=5),
                "climbs": rule.flag("climbs", True),
            }
        )
        rule.close()
    stages.known.extend(STAGES)
    stages.close()
    return out


def _rungs(one: Cursor) -> list[dict[str, Any]]:
    rungs = []
    for n, rung in enumerate(one.each("rungs", required=True), 1):
        if rung.whole("rung", low=1, high=5) != n:
            rung.wrong("rung", str(rung.value.get("rung")), "这里应是第 {n} 级：1 楼栋 … 5 区，依次写", n=n)
        wait = rung.limit("wait", None)
        rungs.append(
            {
                "rung": n,
                "who": rung.text("who"),
                "asked": rung.text("asked"),
                "counterpart": rung.texts("counterpart", among=POSTS),
                "wait": wait,
                "emergency_wait": rung.limit("emergency-wait", None),
            }
        )
    if len(rungs) != 5:
        one.wrong("rungs", str(len(rungs)), "要正好五级：楼栋、小区、社区、街道、区")
    return rungs


def read_weights(top: Cursor) -> dict[str, Any]:
    """Weights of the assessment, as numbers; what they mean is for the scoring to say."""
    document: dict[str, Any] = {"title": top.text("title", "")}
    for key in top.value:
        if key in ("title", "note"):
            continue
        group = top.inner(key)
        document[key] = {name: group.number(name) for name in group.value}
        group.close()
    top.close()
    return document

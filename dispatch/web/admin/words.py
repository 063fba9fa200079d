"""How administration is said: seats, what was done, scopes of tokens."""

from typing import Any

from dispatch.domain.reference import Reference
from dispatch.store.administration import Entry
from dispatch.web import words
from dispatch.web.i18n import N_, _
from dispatch.web.rules import words as rules
from dispatch.web.whistle.reporter import WHY

_DONE = {
    "password-changed": N_("改了自己的密码"),
    "second-factor-on": N_("绑定了身份验证器"),
    "second-factor-off": N_("停用了身份验证器"),
    "second-factor-reset": N_("解除了身份验证器"),
    "recovery-codes-renewed": N_("换了一批恢复码"),
    "recovery-code-used": N_("用了一个恢复码"),
    "session-ended": N_("退出了一处登录"),
    "sessions-ended": N_("退出了全部登录"),
    "link-made": N_("开了一次性链接"),
    "link-used": N_("用了一次性链接"),
    "token-made": N_("开了令牌"),
    "token-revoked": N_("停用了令牌"),
    "place-changed": N_("改了属地"),
    "place-added": N_("加了属地"),
    "place-ended": N_("撤了属地"),
    "unit-changed": N_("改了单位"),
    "unit-added": N_("加了单位"),
    "unit-ended": N_("撤了单位"),
    "rota-changed": N_("改了值班表"),
    "term-changed": N_("改了任职"),
    "calendar-changed": N_("改了日历"),
    "deadlines-recomputed": N_("重算了时限"),
    "notices-retried": N_("重发了没发出去的通知"),
    "leave-noted": N_("登记了请假"),
    "leave-ended": N_("登记了回来"),
    "people-imported": N_("导入了人员"),
    "provider-linked": N_("绑定了统一身份"),
    "reporter-shown": N_("看了来访人的姓名和电话"),
    "sealed-opened": N_("打开了封存的哨"),
    "provider-unlinked": N_("解除了统一身份"),
    "rules-proposed": N_("提了规则的修改"),
    "rules-approved": N_("批准了规则的修改"),
    "rules-declined": N_("没同意规则的修改"),
    "rules-withdrawn": N_("撤回了规则的修改"),
    "ruling-not-made-rule": N_("记住的裁定没改进清单"),
}


def seat_words(reference: Reference | None, seat: str) -> str:
    """Unit or place, and position: 消防救援大队・联络员; the code where it is not known."""
    known = reference.people.seats.get(seat) if reference else None
    if reference is None or known is None:
        return seat
    unit = reference.units.get(known.unit) if known.unit else None
    node = reference.tree.get(known.node) if known.node else None
    place = unit.name if unit else node.name if node else ""
    return "・".join(part for part in (place, known.position) if part)


def scope_words(scopes: tuple[str, ...]) -> str:
    """What a token may be used for."""
    return "、".join(map(words.scope, scopes))


def done_words(entry: Entry) -> str:
    """What was done, in one phrase."""
    done = _(_DONE[entry.action]) if entry.action in _DONE else entry.action
    return f"{done}：{_detail(entry.data)}" if _detail(entry.data) else done


def _detail(data: dict[str, Any]) -> str:
    if "unchanged" in data:
        return counts_words(data)
    if "rules" in data:
        return _of_rules(data)
    if "entry" in data:
        entry = data["entry"]
        return f"{entry['date']}・{entry['reason']}" + (f"・{_('取消')}" if data["removed"] else "")
    if "to" in data and "name" in data:
        return f"{data['name']} → {data['to']}" if data["to"] != data["name"] else str(data["name"])
    if "from" in data:
        return _("%(first)s 到 %(last)s", first=data["from"], last=data["to"])
    if "reason" in data:
        code = str(data["reason"])
        why = _(WHY.get(code, code))
        return f"{why}，{data['note']}" if data.get("note") else why
    return "，".join(str(data[key]) for key in ("name", "why") if data.get(key))


def counts_words(counts: dict[str, Any]) -> str:
    """What an import did, by number."""
    return _("加 %(added)s，改 %(changed)s，止 %(ended)s，不变 %(unchanged)s",
             **{name: counts[name] for name in ("added", "changed", "ended", "unchanged")})  # fmt: skip


def _of_rules(data: dict[str, Any]) -> str:
    """Which document, which version it became or was written against, and why."""
    kind = rules.kind(str(data["rules"]))
    version = _("第 %(n)s 版", n=data["version"]) if data.get("version") else _("照第 %(n)s 版", n=data.get("base"))
    return "，".join(part for part in (f"{kind} {version}", str(data.get("why") or "")) if part)

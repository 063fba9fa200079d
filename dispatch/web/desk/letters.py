"""异常消息: records that could not be handled; nothing is lost, somebody looks at them."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from dispatch.steps import inbound, raised
from dispatch.steps.replay import Step
from dispatch.steps.service import Service
from dispatch.store.dead_letters import (
    FORBIDDEN_SOURCE,
    NEWER_VERSION,
    REJECTED,
    UNDECODABLE,
    UNKNOWN_TYPE,
)
from dispatch.web.desk.panes import pane
from dispatch.web.i18n import N_, _
from dispatch.web.models.lists import DeskItem, DeskPane
from dispatch.web.models.parts import ActionButton, spans
from schemas import topics

REASONS: Mapping[str, str] = {
    UNDECODABLE: N_("读不出来"),
    UNKNOWN_TYPE: N_("类型不认识"),
    NEWER_VERSION: N_("版本比我们的新"),
    FORBIDDEN_SOURCE: N_("来源不能在那里吹哨"),
    REJECTED: N_("内容不合规则"),
}


def steps(service: Service) -> Mapping[str, Step]:
    """What takes a record of which topic, as the handlers do."""
    route: Step = functools.partial(raised.take, service)
    return {
        topics.RAISED: route,
        topics.RAISED_URGENT: route,
        topics.INBOUND: functools.partial(inbound.take, service),
    }


def letters(rows: Sequence[Mapping[str, Any]], count: int, *, whole: bool = False) -> DeskPane:
    """The pane: topic, reason, how often it was tried."""
    items = [_letter(row, whole) for row in rows]
    return pane("dead", _("异常消息"), _("没丢，等人看"), items, count, whole=whole)


def _letter(row: Mapping[str, Any], whole: bool) -> DeskItem:
    said = _(
        "主题 %(topic)s，%(why)s・已重试 %(n)s 次",
        topic=row["topic"],
        why=_(REASONS.get(row["reason"], row["reason"])),
        n=row["tries"],
    )
    url = f"/desk/dead/{row['id']}"
    replay = ActionButton("replay", _("重放"), f"{url}/replay", busy=_("正在重放…"))
    discard = ActionButton("discard", _("不要了"), f"{url}/discard", needs_fields=True)
    where = _("分区 %(partition)s・位移 %(offset)s", partition=row["partition"], offset=row["position"])
    detail = spans(where, "：", str(row["error"])[:200]) if whole else ()
    return DeskItem("", note=said, text=detail, actions=(replay, discard) if whole else (replay,))

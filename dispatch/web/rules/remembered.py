"""After 记住此裁定: that the ruling is kept, with the way to the change that is drafted from it; what waits, told."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request

from dispatch.domain.permissions import may_ever
from dispatch.steps.rule_changes import proposals
from dispatch.steps.sign_in import Visit
from dispatch.store import rule_proposals
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.models.parts import Notice, link, spans
from dispatch.web.rules import pages

REMEMBERED = "remembered"


def asked(number: str, fields: Mapping[str, Any]) -> str:
    """What the address of the next page says of a ruling on this whistle that was to be remembered."""
    return f"&{REMEMBERED}={number}" if fields.get("remember") else ""


async def notices(request: Request, visit: Visit) -> tuple[Notice, ...]:
    """That the ruling on the whistle that the address names is remembered, while nothing was made of it."""
    number = request.query_params.get(REMEMBERED, "")
    if not number or not may_ever(visit.actor, proposals.PROPOSE):
        return ()
    async with deps_of(request).service.database.acquire() as connection:
        drafts = await rule_proposals.drafts(connection, visit.actor.district or "")
    found = next((one for one in drafts if str(one.number) == number), None)
    if found is None:
        return ()
    said = _("还不是规则：起草清单的修改，第二个人同意才生效。")
    links = link(_("起草修改"), pages.draft_url(found.id)), "・", link(_("所有记住的裁定"), pages.PATH)
    return (Notice(_("裁定记住了：%(number)s", number=number), spans(said, *links), kind="done"),)


async def waiting(request: Request, visit: Visit) -> tuple[Notice, ...]:
    """That changes wait for whoever may decide them and has no desk where they stand."""
    if not may_ever(visit.actor, proposals.DECIDE) or may_ever(visit.actor, "desk"):
        return ()
    async with deps_of(request).service.database.acquire() as connection:
        found = await rule_proposals.waiting(connection, visit.actor.district or "")
    if not found:
        return ()
    said = _("第二个人同意才生效"), "・", link(_("%(n)s 条，去看", n=len(found)), pages.PATH)
    return (Notice(_("规则修改等人定"), spans(*said)),)

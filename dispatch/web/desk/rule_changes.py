"""规则修改等人定: changes of the rules that wait for a second person, and remembered rulings that are no rule yet."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dispatch.domain.turn import ZONE
from dispatch.store.rule_proposals import Draft, Proposal
from dispatch.web import say
from dispatch.web.desk.panes import pane
from dispatch.web.i18n import _
from dispatch.web.models.desk import DeskItem, DeskPane
from dispatch.web.models.parts import spans
from dispatch.web.rules import pages, words


def waiting(
    found: Sequence[Proposal], drafts: Sequence[Draft], person: str | None, now: datetime, *, whole: bool = False
) -> DeskPane:
    """The pane; one's own are marked, another has to decide them. Rulings that are no rule yet are not counted."""
    items = [_item(one, person, now) for one in found]
    made = pane("rules", _("规则修改等人定"), _("第二个人同意才生效"), items, whole=whole)
    if not drafts:
        return made
    left = DeskItem(_("记住的裁定还没进清单"), url=pages.PATH, note=_("%(n)s 条", n=len(drafts)))
    return replace(made, items=(*made.items, left))


def _item(one: Proposal, person: str | None, now: datetime) -> DeskItem:
    who = _("您提的") if one.proposed_by == person else one.proposer or one.proposed_by
    at = say.moment(one.proposed_at, now, ZONE)
    return DeskItem(words.kind(one.kind), url=pages.proposal_url(one.id), note=f"{who}・{at}", text=spans(one.reason))

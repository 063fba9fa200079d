"""The words of a state, as one table: (status, assignment, request) → label, and what is said beside it.

Everything a person reads about a state comes from here, so that one thing has one name everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.web.i18n import N_, _

STATUSES: Mapping[str, str] = {
    "raised": N_("待派单"),
    "at-desk": N_("待派单"),
    "local": N_("社区先办"),
    "assigned": N_("待签收"),
    "handling": N_("办理中"),
    "resolved": N_("待核查"),
    "verified": N_("待答复"),
    "answered": N_("已答复·待回访"),
    "closed": N_("已办结"),
    "cancelled": N_("已撤哨"),
    "merged": N_("已并单"),
    "on-hold": N_("已挂账"),
}
ASSIGNMENTS: Mapping[str, str] = {
    "assigned": N_("待签收"),
    "reported-in": N_("已签收"),
    "on-site": N_("已到场·办理中"),
    "done": N_("已办完"),
    "released": N_("已解除"),
}
PENDING: Mapping[str, str] = {
    "hand-back": N_("退单待裁定"),
    "extension": N_("延期待批"),
    "hold": N_("挂账待批"),
    "cancel": N_("撤哨待批"),
    "transfer": N_("待对方接收"),
    "objection": N_("异议待复核"),
    "review": N_("区复核中"),
    "consult": N_("会商待召集"),
}
#: what is said behind a state: it still holds, and this beside it
BESIDE: Mapping[str, str] = {
    "order": N_("督办中"),
    "noticed": N_("已通报"),
    "instructed": N_("有批示待签收"),
    "urged": N_("已催办"),
    "explained": N_("已说明"),
    "evaluated": N_("已评价"),
}


def beside(code: str, state: str = "") -> str:
    """What stands behind a state: 已签收·已催办; alone without one."""
    return _("%(state)s·%(beside)s", state=state, beside=_(BESIDE[code])) if state else _(BESIDE[code])


def label(
    status: str,
    assignment: str = "",
    request: str = "",
    *,
    outcome: str = "",
    gen: int = 1,
    rework: bool = False,
    refused: bool = False,
    taken_over: bool = False,
    consulting: bool = False,
    children: tuple[int, int] = (0, 0),
    extended_to: str = "",
    review_on: str = "",
    merged_into: str = "",
    archived: bool = False,
    called_back: bool = False,
) -> str:
    """The state in the words of the table, from status, the asking unit's assignment and its pending
    request.

    `children` is (closed, all); `extended_to`, `review_on` are dates ready to show; `refused`: a hand-back was
    refused. A pending request speaks before everything but an end. What holds beside it is said by `beside`.
    """
    if status in ("closed", "cancelled"):
        return _("已归档") if archived and status == "closed" else _(STATUSES[status])
    if status == "merged":
        return _("随 %(number)s 号办理", number=merged_into) if merged_into else _(STATUSES[status])
    if request in PENDING:
        return _(PENDING[request])
    if status == "on-hold":
        return _("已挂账·复查日 %(day)s", day=review_on) if review_on else _(STATUSES[status])
    if status == "answered" and called_back:
        return _("已回访")
    if status in ("assigned", "handling"):
        return _working(
            status, assignment, outcome, gen, rework, refused, taken_over, consulting, children, extended_to
        )
    return _(STATUSES.get(status, status))


def _working(
    status: str,
    assignment: str,
    outcome: str,
    gen: int,
    rework: bool,
    refused: bool,
    taken_over: bool,
    consulting: bool,
    children: tuple[int, int],
    extended_to: str,
) -> str:
    if taken_over:
        return _("提级办理中")
    if consulting:
        return _("会商中")
    if children[1]:
        return _("办理中·子单 %(done)s/%(all)s", done=children[0], all=children[1])
    if rework:
        return _("返工办理中")
    if extended_to:
        return _("办理中·已延期至 %(day)s", day=extended_to)
    if refused:
        return _("办理中·不得再退")
    if gen > 1:
        return _("重新办理·第 %(n)s 次", n=gen)
    if outcome == "self":
        return _("街道自办中")
    if assignment in ASSIGNMENTS:
        return _(ASSIGNMENTS[assignment])
    return _(STATUSES[status])

"""The acts as forms: which fields each asks for, in which words, and how they become an act's fields.

A token in an address is an act, or an act with its answer: `verify-yes`, `rule-no`. One-tap acts have no fields that
must be filled; all of them have a page, so that a link works too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.domain.turn import Turn
from dispatch.steps.view import WhistleView
from dispatch.web import words
from dispatch.web.i18n import N_, _
from dispatch.web.models.parts import Field, Option
from dispatch.web.whistle.fields import (
    Fields,
    absent,
    and_,
    callback,
    clause,
    day,
    of_unit,
    photo,
    rating,
    reasons,
    remember,
    reply,
    should_be,
    streets,
    text,
    unit_field,
    units_field,
    where,
)


@dataclass(frozen=True, slots=True)
class Asks:
    """One token. `tap`: posts at once from the whistle page; `given` are the fields it brings itself."""

    action: str
    intro: str
    fields: Fields | None = None
    tap: bool = False
    given: Mapping[str, Any] | None = None
    photos: str = ""
    repeatable: bool = False
    #: fields that the page wants filled in, though the API does without
    demands: tuple[str, ...] = ()


_REASON = text("reason", N_("理由"))
_MAYBE = text("reason", N_("理由（可不填）"), required=False, rows=2)

ASKS: Mapping[str, Asks] = {
    # the units
    "report-in": Asks("report-in", N_("签收以后就由你单位负责到底。"), tap=True),
    "arrive": Asks("arrive", N_("到了现场就报到：一张照片，或者手机的位置。"),
                   and_(where, text("note", N_("现场什么情况（可不填）"), required=False, rows=2)), photos="photo"),
    "leave": Asks("leave", N_("事不完人不撤。确实要走，会记在经过里。"), text("reason", N_("为什么离场"))),
    "note": Asks("note", N_("做了什么、到了哪一步，街道马上看得见。"), text("text", N_("进展")), repeatable=True),
    "resolve": Asks("resolve", N_("报结以后请街道去核查，你的钟停下。没办好会退回，原来的钟接着走。"),
                    and_(reply(N_("办得怎么样"), N_("写给来访人看得懂的话。")), absent,
                         photo(N_("办后的照片，街道核查时会并排看。"))), photos="photos"),
    "hand-back": Asks("hand-back", N_("裁定以前还是你单位负责，钟照走；裁定是终审，一件只能退一次。"),
                      and_(_REASON, clause, should_be), demands=("reason", "clause", "to")),
    "request-extension": Asks("request-extension", N_("到期以前才能申请；批下来以前钟照走。临期才申请会记下来。"),
                              and_(day("until", N_("延到什么时候"), "datetime", 7), _REASON)),
    "request-hold": Asks("request-hold", N_("现在办不了、又不怪办事的人，才挂账；要有复查日，批准后钟停下。"),
                         and_(text("reason", N_("为什么现在办不了")), day("review_on", N_("复查日"), "date", 30))),
    "withdraw": Asks("withdraw", N_("撤回你提出、还没有答复的申请。"), tap=True),
    "explain": Asks("explain", N_("写明为什么逾期、打算怎么办；督办后五个工作日没有说明会通报。"),
                    text("text", N_("情况说明")), repeatable=True),
    "sign-instruction": Asks("sign-instruction", N_("批示收到了，签收后照办。"), tap=True),
    "object": Asks("object", N_("对评价不服，写明理由，区调度台复核。"), text("text", N_("异议"))),
    # the street
    "call": Asks("call", N_("新叫的单位马上收到，它自己的签收钟从现在起算。"),
                 and_(unit_field("unit", N_("追加哪个单位")), lambda _v, _t: (
                     Field("role", _("来做什么"), "radio", options=(
                         Option("assist", _("协办"), _("要报到、要办事"), selected=True),
                         Option("inform", _("知会"), _("只让它知道"))), required=True),))),
    "keep": Asks("keep", N_("街道自己的队伍来办，别的单位不再叫。"), _MAYBE),
    "verify-yes": Asks("verify", N_("现场办好了才通过；通过以后要给来源人答复。"),
                       tap=True, given={"accepted": True}, photos="photos"),
    "verify-no": Asks("verify", N_("退回以后原来的钟接着走，算一次返工；退两次转区里复核。"),
                      and_(reasons, text("note", N_("现场什么情况"), rows=3), photo(N_("现场照片，退回要有凭据。"))),
                      given={"accepted": False}, photos="photos"),
    "feedback": Asks("feedback", N_("这是给来源人的话，并单的也收到同一份。"),
                     reply(N_("怎么答复"), N_("来源人看得懂的话，不写内部的事。"))),
    "callback": Asks("callback", N_("联系上了才算数；三个数都来自这里。"), callback, repeatable=True),
    "evaluate": Asks("evaluate", N_("每个单位各评各的；单位可以提异议。"), rating, repeatable=True),
    "close": Asks("close", N_("所有的钟停下，归档。来源人以后还可以请求重新办理。"), tap=True),
    "cancel": Asks("cancel", N_("单位还没动手才能撤。撤了以后所有的钟停下。"), text("reason", N_("为什么撤哨"))),
    "request-cancel": Asks("request-cancel", N_("单位已经动手，撤哨要区调度台批。"), text("reason", N_("为什么撤哨"))),
    "transfer": Asks("transfer", N_("对方接收以前还是你们的；接收后按它的属地重新派。"), streets),
    "accept-transfer": Asks("accept-transfer", N_("接收以后就是你们街道的哨，按你们的属地重新派单。"), tap=True),
    "decline-transfer": Asks("decline-transfer", N_("不接收，就退回原来的街道。"), tap=True),
    "deny-arrival": Asks("deny-arrival", N_("登记了到场、其实没来：签收的钟当作没停过。"), of_unit),
    "reopen": Asks("reopen", N_("来源人不满意，同样的单位再办一次；总时钟不重来。"),
                   text("reason", N_("为什么重新办理"))),
    # the desk and the leaders
    "assign": Asks("assign", N_("一个主办，其余协办；留下的单位钟不变。"),
                   and_(unit_field("lead", N_("主办单位")), units_field("assist", N_("协办单位")), _MAYBE,
                        remember)),
    "rule-yes": Asks("rule", N_("改派的单位从现在起重新计时；总时钟不重来。"),
                     and_(unit_field("to", N_("改派给谁"), required=False, empty=N_("按申请里写的单位")), _MAYBE,
                          remember), given={"upheld": True}),
    "rule-no": Asks("rule", N_("驳回以后这个单位不得再退，已经用的时间照算。"), _MAYBE, given={"upheld": False}),
    "decide-extension-yes": Asks("decide-extension", N_("按申请的时间延，已经用的时间保留。"), tap=True,
                                 given={"granted": True}),
    "decide-extension-no": Asks("decide-extension", N_("不同意，时限不变。"), _MAYBE, given={"granted": False}),
    "decide-hold-yes": Asks("decide-hold", N_("批准后办理的钟停下，到复查日自己恢复；挂账单独计数。"), tap=True,
                            given={"granted": True}),
    "decide-hold-no": Asks("decide-hold", N_("不批准，接着办。"), _MAYBE, given={"granted": False}),
    "decide-cancel-yes": Asks("decide-cancel", N_("同意撤哨，所有的钟停下。"), tap=True, given={"granted": True}),
    "decide-cancel-no": Asks("decide-cancel", N_("不同意，接着办。"), _MAYBE, given={"granted": False}),
    "decide-objection-yes": Asks("decide-objection",
                                 N_("异议成立：提出异议以前的评价作废，不算数；街道可以重新评价。"),
                                 tap=True, given={"granted": True}),
    "decide-objection-no": Asks("decide-objection", N_("异议不成立，评价不变。"), _MAYBE, given={"granted": False}),
    "merge": Asks("merge", N_("同一件事并成一件：答复只写一次，各自送达；一天之内可以撤销。"),
                  lambda v, _t: (Field("into", _("并到哪一件"), "text",
                                       next((str(one.number) for one in v.repeats if one.id < v.id), ""),
                                       _("写那一件的编号"), required=True),)),
    "unmerge": Asks("unmerge", N_("撤销并单，回到并单以前；钟从停下的地方接着走。"), tap=True),
    "add-child": Asks("add-child", N_("拆出来的自己成一件，按它自己的内容派单。"),
                      text("body", N_("要拆出来的是什么事")), repeatable=True),
    "resume": Asks("resume", N_("条件好了，接着办；钟从停下的地方接着走。"), tap=True),
    # the chain
    "urge": Asks("urge", N_("马上通知现在该办的一方；不改时限。"), tap=True, repeatable=True),
    "instruct": Asks("instruct", N_("单位要签收批示。"), text("text", N_("批示")), repeatable=True),
    "take-over": Asks("take-over", N_("由你这一级负责推动；单位照办，时限不变。"), tap=True),
    "send-down": Asks("send-down", N_("交回原来的一级，时限不变。"), tap=True),
    "send-up": Asks("send-up", N_("现在就请上一级来问，不等到点。"), _MAYBE),
    "consult": Asks("consult", N_("请几家坐到一起，定下谁办什么；单位提出的，由街道召集。"),
                    and_(units_field("units", N_("请哪些单位"), required=True),
                         lambda _v, _t: (Field("at", _("什么时候（可不填）"), "datetime"),),
                         text("text", N_("商量什么（可不填）"), required=False, rows=2)), repeatable=True),
    "decide-consult-yes": Asks("decide-consult", N_("按单位请求的召集；请到的单位都看得见这件。"),
                               lambda _v, _t: (Field("at", _("什么时候（可不填）"), "datetime"),),
                               given={"granted": True}),
    "decide-consult-no": Asks("decide-consult", N_("不召集，单位接着办。"), _MAYBE, given={"granted": False}),
    "decide-review-yes": Asks("decide-review", N_("退回有道理：单位接着办，原来的钟接着走。"), _MAYBE,
                              given={"granted": True}),
    "decide-review-no": Asks("decide-review", N_("已经办好了：不用再办，街道去答复来源人。"), _REASON,
                             given={"granted": False}),
    "minutes": Asks("minutes", N_("定下来的事写在这里，请到的单位都看得见。"),
                    and_(text("text", N_("会商纪要"), rows=6),
                         text("decisions", N_("定下来要另办的事（可不填）"),
                               N_("一行一件，每件各成一条子单，按它自己的内容派单。"), required=False, rows=3)),
                    repeatable=True),
}  # fmt: skip

#: acts that are shown as two buttons
PAIRS: Mapping[str, tuple[str, str]] = {
    action: (f"{action}-yes", f"{action}-no")
    for action in (
        "verify",
        "rule",
        "decide-extension",
        "decide-hold",
        "decide-cancel",
        "decide-objection",
        "decide-consult",
        "decide-review",
    )
}


def tokens(actions: tuple[str, ...]) -> tuple[str, ...]:
    """The tokens of these acts, in their order."""
    return tuple(token for action in actions for token in PAIRS.get(action, (action,)) if token in ASKS)


def label(token: str) -> str:
    """The word on its button; the decisions name what they decide."""
    for action in PAIRS:
        if token.startswith(f"{action}-"):
            said = words.button(action, token.rsplit("-", 1)[1])
            subject = {"decide-extension": _("延期"), "decide-hold": _("挂账"), "decide-cancel": _("撤哨"),
                       "decide-consult": _("会商")}.get(action, "")  # fmt: skip
            return _("%(said)s%(what)s", said=said, what=subject) if subject else said
    return words.button(token)


def fields_of(asks: Asks, view: WhistleView, turn: Turn) -> tuple[Field, ...]:
    """The fields this act asks for on this whistle."""
    return asks.fields(view, turn) if asks.fields else ()

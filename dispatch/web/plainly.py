"""Sentences of the API that name what only programs send, as people on pages read them.

Programs are told of headers, parameters and the interface's description; a person has a page with its fields and
buttons.
"""

from collections.abc import Mapping

from dispatch.web.i18n import N_, _

#: what the API says → what a page says, with the same values
SENTENCES: Mapping[str, str] = {
    "这个 Idempotency-Key 已经用在另一件事上，请换一个": N_("这张表上次已经办过，这次写的不一样；请重新打开再填"),
    "这个 Idempotency-Key 已经用在另一件上（{number}），请换一个": N_(
        "这张表已经报过一件（{number}），现在写的是另一件；要报请再点一次"
    ),
    "Idempotency-Key 要是 1 到 {most} 个可见的 ASCII 字符": N_("这张表发来时不完整，请重新打开再填"),
    "请写明是哪个街道（street），或给出地点（place）": N_("请写明是哪个街道，或写上地点"),
    "写了协办单位或理由，也要写主办单位（lead）": N_("写了协办单位或理由，请也选主办单位"),
    "这个 cursor 不是上一页给的，请从第一页看起": N_("这一页的地址不完整，请从第一页看起"),
    "没有「{value}」这个动作，请看接口文档": N_("没有「{value}」这个动作，请从页面上的按钮选"),
    "没有「{value}」这个环节，请看接口文档": N_("没有「{value}」这个环节，请从页面上列出的选"),
    "没有「{value}」这个状态，请看接口文档": N_("没有「{value}」这个状态，请从页面上列出的选"),
    "没有「{value}」这一类，请看接口文档": N_("没有「{value}」这一类，请从页面上列出的选"),
}
#: by status, what to do where the sentence does not say it
REMEDIES: Mapping[int, str] = {
    400: N_("请按浏览器的返回，再发一次"),
    405: N_("请从页面上的链接和按钮进"),
    413: N_("请按浏览器的返回，写短一点再发"),
    415: N_("请按浏览器的返回，再发一次"),
    503: N_("请稍后再试；刚发的那张表，按浏览器的返回，写的还在"),
}


def remedy(status: int, general: str, own: str) -> str:
    """What a person does: `own`, or where that is the API's `general` advice, what stands here for it."""
    return _(REMEDIES[status]) if own == general and status in REMEDIES else own

"""调度台."""

from __future__ import annotations

from dataclasses import replace

from dispatch.web.examples.frames import frame
from dispatch.web.models.desk import Candidates, DeskItem, DeskPage, DeskPane
from dispatch.web.models.parts import (
    ActionButton,
    Empty,
    Figure,
    Hidden,
    Lamp,
    Option,
    SmallLadder,
    TimeLeft,
    spans,
    strong,
)

_NONE = Empty("现在没有。", "来了会出现在这里。")


def _time(prefix: str, *words: str) -> TimeLeft:
    figures = tuple(Figure(words[i], words[i + 1]) for i in range(0, len(words), 2))
    return TimeLeft(prefix, figures, (prefix and "剩余") + "".join(words))


def _button(action: str, label: str, primary: bool = False, url: str = "/w/2600003124/do/") -> ActionButton:
    return ActionButton(action, label, url + action, primary, needs_fields=True)


def _waiting(title: str, number: str, why: str, hours: str, minutes: str) -> DeskItem:
    time = _time("剩", hours, "工时", minutes, "分")
    return DeskItem(title, f"/w/{number}", number, why, lamp=Lamp.GREEN, time=time)


UNMATCHED = DeskPane(
    "unmatched",
    "6",
    "没匹配上",
    "最久的等了 1 工时 12 分・派单时限 4 工时",
    (
        DeskItem(
            "联纺东街道：地下车库有刺鼻气味",
            "/w/2600003157",
            note="10:41 已转应急值班",
            lamp=Lamp.GREEN,
            time=_time("剩", "3", "分"),
            badge="疑似紧急",
            open=True,
            candidates=Candidates(
                spans("2600003157・「地下车库有刺鼻气味，车主头晕，不敢进去取车。」没有规则命中「刺鼻气味」。"),
                (
                    Option("RQ", "燃气公司", "近似 214 燃气泄漏；气味来源不明", True, "在办 12"),
                    Option("HB", "生态环境分局", "近似 501 企业异味；同类裁定 2 次派给它", side="在办 31"),
                    Option("JD-130403003", "联纺东街道自办", "街道自己的执法队", side="在办 9"),
                ),
                "/w/2600003157/do/assign",
                "派单",
                "以后含「刺鼻气味」的照办，第二人批准后生效",
                (Hidden("version", "1"),),
            ),
        ),
        DeskItem(
            "智能快递柜挡住盲道",
            "/desk?open=2600003124#unmatched",
            "2600003124",
            "没有规则",
            lamp=Lamp.GREEN,
            time=_time("剩", "2", "工时", "48", "分"),
        ),
        _waiting("解放路口信号灯被树挡", "2600003108", "地点不明，两处同名", "3", "05"),
        _waiting("楼下棋牌室通宵，还卖饭", "2600003085", "两件事，建议拆成 2 条子单", "3", "20"),
        _waiting("（已封存）反映某单位工作人员", "2600003077", "回避件，只有经手人能看", "3", "31"),
        _waiting("河边夜钓的灯太亮", "2600003149", "没有规则", "3", "50"),
    ),
    _NONE,
    url="/desk/unmatched",
)

HAND_BACKS = DeskPane(
    "hand-backs",
    "4",
    "退单待裁定",
    "原单位的钟照走，直到裁定",
    (
        DeskItem(
            "市场监管局 退「农贸市场门口占道卖菜」",
            "/w/2600003011",
            text=spans("理由：在门外，属占道。条款 101。应由：东柳街道综合执法队。办理钟已用 5 工时。"),
            lamp=Lamp.YELLOW,
            time=_time("剩", "1", "工时", "10", "分"),
            actions=(_button("rule-yes", "同意退单并改派"), _button("rule-no", "驳回退单")),
            open=True,
        ),
        DeskItem(
            "公安分局 退「广场舞噪声」",
            "/w/2600003012",
            note="应由：生态环境分局",
            lamp=Lamp.GREEN,
            time=_time("剩", "4", "工时"),
        ),
        DeskItem(
            "供水公司 退「楼内立管漏水」",
            "/w/2600003013",
            note="应由：住建局",
            lamp=Lamp.GREEN,
            time=_time("剩", "5", "工时", "40", "分"),
        ),
        DeskItem(
            "住建局 退「人防门锈死」",
            "/w/2600003014",
            note="应由：区级，涉两家",
            lamp=Lamp.GREEN,
            time=_time("剩", "6", "工时", "02", "分"),
        ),
    ),
    _NONE,
)

SUPERVISION = DeskPane(
    "supervision",
    "3",
    "督办单",
    "到通报还有",
    (
        DeskItem(
            "三陵乡 河道漂浮物",
            "/w/2600001001",
            "督〔2026〕17号",
            text=spans("农业农村局，", strong("还没有书面说明")),
            time=_time("", "1", "工作日", "2", "工时"),
            actions=(_button("order", "看督办单"),),
        ),
        DeskItem(
            "中华街道 夜间施工切割",
            "/w/2600001002",
            "督〔2026〕18号",
            text=spans("城管执法局主要领导 09:15 已说明"),
            side="已说明",
            actions=(_button("explanation", "看说明"),),
        ),
        DeskItem(
            "黄粱梦镇 飞线垂落",
            "/w/2600001003",
            "督〔2026〕19号",
            text=spans("通信，今天 08:30 发出"),
            time=_time("", "4", "工作日", "5", "工时"),
            actions=(_button("order", "看督办单"),),
        ),
    ),
    _NONE,
)

ARRIVING = DeskPane(
    "arriving",
    "2",
    "今天会到区里",
    "现在还在街道",
    (
        DeskItem(
            "联纺路北侧工地裸土未覆盖",
            "/w/2600002814",
            text=spans("住建局・联纺东街道已召集会商"),
            side="15:52",
            side_strong=True,
            ladder=SmallLadder(4, "已报街道"),
        ),
        DeskItem(
            "丛台路夜市油烟直排",
            "/w/2600002815",
            text=spans("城管执法局・丛台东街道"),
            side="17:30",
            side_strong=True,
            ladder=SmallLadder(4, "已报街道"),
        ),
    ),
    _NONE,
)

VACANT = DeskPane(
    "vacant",
    "2",
    "没人在岗",
    "哨到了，没人接",
    (
        DeskItem(
            "农业农村局 联络员",
            text=spans("请假到 6/19，没设代理人。3 件待签收。"),
            time=_time("", "3", "工时", "10", "分"),
            actions=(
                _button("deputy", "指定代理人", primary=True, url="/units/NS/"),
                _button("call", "打电话给科室负责人", url="/units/NS/"),
            ),
            open=True,
        ),
        DeskItem(
            "供热公司 夜班席位",
            text=spans("今晚 18:00 起空缺。"),
            time=_time("", "12", "小时"),
            open=True,
        ),
    ),
    _NONE,
)

DEAD = DeskPane(
    "dead",
    "1",
    "异常消息",
    "没丢，等人看",
    (
        DeskItem(
            "",
            note="来源 city-12345，类型 v3 不认识・已重试 4 次",
            actions=(ActionButton("replay", "重放", "/desk/dead/1/replay"),),
        ),
    ),
    _NONE,
)

DESK = DeskPage(
    frame=replace(frame("调度台", "desk", "区调度中心・调度员", "调度台", "desk")),
    left=(UNMATCHED, HAND_BACKS),
    right=(SUPERVISION, ARRIVING, VACANT, replace(DEAD, more=None)),
)

"""The frame around the example pages, role by role."""

from __future__ import annotations

from dataclasses import replace

from dispatch.web.models.frame import Frame, Identity
from dispatch.web.models.parts import NavItem

IDENTITIES = (
    Identity("街道经办", "东柳街道", "jd-clerk"),
    Identity("部门联络员", "消防救援大队", "xf-liaison"),
    Identity("社区书记", "广泰社区", "gt-secretary"),
    Identity("网格长", "广泰小区", "gt-grid"),
    Identity("楼栋长", "广泰小区 1 号楼", "gt-1"),
    Identity("调度员", "区吹哨报到调度中心", "desk"),
    Identity("管理员", "丛台区", "admin"),
    Identity("审计员", "丛台区", "auditor"),
)

NAVS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "street": (
        ("吹哨", "/whistle", "吹哨"),
        ("我街道的哨", "/street", "我街道"),
        ("待核查", "/street?status=resolved", "待核查"),
        ("双报到", "/double", ""),
        ("月报", "/monthly", "月报"),
    ),
    "liaison": (
        ("待办", "/queue", "待办"),
        ("协办", "/queue?role=assist", "协办"),
        ("会商", "/consult", "会商"),
        ("本单位", "/unit", "本单位"),
    ),
    "chain": (
        ("层级督办", "/chain", "督办"),
        ("社区的哨", "/community", "吹哨"),
        ("三张清单", "/lists", "清单"),
        ("双报到", "/double", "我的"),
    ),
    "building": (("看一眼", "/chain", "看一眼"), ("吹哨", "/whistle", "吹哨"), ("我的", "/me", "我的")),
    "desk": (
        ("调度台", "/desk", "调度台"),
        ("全部的哨", "/all", "全部"),
        ("清单与规则", "/rules", "规则"),
        ("大屏", "/wall", ""),
        ("运行监测", "/status", "我的"),
    ),
    "": (),
}


def frame(title: str, role: str = "", who: str = "", place: str = "", account: str = "") -> Frame:
    """A frame in demo mode for `role`; `place` is the label of the current entry of its navigation."""
    nav = tuple(NavItem(label, href, label == place, short) for label, href, short in NAVS[role])
    identities = tuple(replace(i, current=i.account == account) for i in IDENTITIES)
    return Frame(
        title=title,
        district="丛台区",
        who=who,
        nav=nav,
        identities=identities,
        demo=True,
        csrf="example",
        here="/design",
        signed_in=bool(role),
    )

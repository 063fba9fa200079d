"""Landing, sign-in, display settings, error."""

from __future__ import annotations

from dispatch.web.examples.frames import IDENTITIES, frame
from dispatch.web.models.entry import (
    DisplayPage,
    ErrorPage,
    LandingCard,
    LandingPage,
    LiveLadder,
    SignInPage,
    Strength,
)
from dispatch.web.models.parts import (
    Field,
    FieldError,
    Figure,
    Ladder,
    NavItem,
    Option,
    Rung,
    RungState,
    spans,
    strong,
)

LIVE = LiveLadder(
    kicker="正在发生・演示・一分钟",
    title="广泰小区 1 号楼：没人来签收",
    note="你打开这一页时吹响的，每级 15 秒",
    ladder=Ladder(
        (
            Rung("区", RungState.LATER, "再 15 秒", note="区调度中心：发督办单"),
            Rung("街道", RungState.NEXT, "还有 9 秒", note="东柳街道：召集单位会商"),
            Rung("社区", RungState.PRESENT, "现在在这一级", note="广泰社区书记：成员单位能不能办？"),
            Rung("小区", RungState.PASSED, "15 秒前", note="网格长：已到现场看过"),
            Rung("楼栋", RungState.PASSED, "30 秒前", note="楼栋长：已拍照"),
        ),
        fill=0.4,
        size="roomy",
    ),
    link="打开这条哨 2600003181",
    url="/w/2600003181",
    fragment_url="/demo/ladder",
)

LANDING = LandingPage(
    frame=frame(""),
    cards=(
        LandingCard(
            "街道经办",
            "东柳街道党政综合办",
            (Figure("6", "待核查"), Figure("2", "今天到期")),
            "吹一声哨：3 号楼消防门被锁",
            "jd-clerk",
            "/whistle",
        ),
        LandingCard(
            "部门联络员",
            "消防救援大队",
            (Figure("2", "待签收"), Figure("1", "临期")),
            "签收、到场、报结一件",
            "xf-liaison",
            "/queue",
        ),
        LandingCard(
            "社区书记",
            "广泰社区",
            (Figure("2", "报到我这里"), Figure("3", "今天会到")),
            "看看哪件社区自己能办",
            "gt-secretary",
            "/chain",
        ),
        LandingCard(
            "区调度台",
            "区吹哨报到调度中心",
            (Figure("6", "没匹配上"), Figure("4", "退单待裁定")),
            "派一件，记住此裁定",
            "desk",
            "/desk",
        ),
    ),
    others=(IDENTITIES[3], IDENTITIES[4], IDENTITIES[6], IDENTITIES[7]),
    live=LIVE,
)

_NAME = Field("name", "用户名", required=True, autocomplete="username", value="lianluo")
_PASSWORD = Field("password", "密码", kind="password", required=True, autocomplete="current-password")

SIGN_IN = SignInPage(frame("登录"), (_NAME, _PASSWORD))
SIGN_IN_ERROR = SignInPage(
    frame("登录"),
    (
        Field("name", "用户名", value="lianluo", error="用户名或密码不对，请再看一眼", autocomplete="username"),
        _PASSWORD,
    ),
    (FieldError("name", "用户名或密码不对，请再看一眼"),),
)

PASSWORD = SignInPage(
    frame("改密码"),
    (
        Field("old", "现在的密码", "password", required=True, autocomplete="current-password"),
        Field("new", "新密码", "password", hint="至少 12 个字符", required=True, autocomplete="new-password"),
        Field("again", "再写一次新密码", "password", required=True, autocomplete="new-password"),
    ),
    submit_url="/password",
    strength=Strength(12, 128, ("lianluo", "示例甲")),
)

DISPLAY = DisplayPage(
    frame("显示设置"),
    (
        Field(
            "theme",
            "明暗",
            kind="radio",
            options=(
                Option("auto", "跟着系统走", selected=True),
                Option("light", "亮"),
                Option("dark", "暗"),
            ),
        ),
        Field(
            "contrast",
            "对比",
            kind="radio",
            options=(Option("auto", "跟着系统走", selected=True), Option("more", "更清楚")),
        ),
        Field(
            "text",
            "字号",
            kind="radio",
            options=(
                Option("normal", "标准", selected=True),
                Option("large", "大"),
                Option("larger", "更大"),
            ),
        ),
    ),
)

ERROR = ErrorPage(
    frame("没有这条哨"),
    404,
    "没有这条哨",
    spans("编号 ", strong("2600003174"), " 的校验位不对，可能是听错或写错了一位。"),
    "请核对十位数字，再搜一次。",
    (NavItem("回到待办", "/queue"), NavItem("搜一搜", "/search")),
    "01J9Z3",
)

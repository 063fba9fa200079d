"""One's own account with news about it, and an administrator who is asked again who they are."""

from __future__ import annotations

from dataclasses import replace

from dispatch.web.examples.frames import frame
from dispatch.web.models.manage import ManageForm, ManagePage, ManageRow, ManageSection
from dispatch.web.models.parts import ActionButton, Field, FieldError, Hidden, NavItem, Notice, link, spans

_ACCOUNT = frame("我的账号", "liaison", "住建局・联络员")
_NEWS = Notice(
    "管理员替您的账号开了一次性登录链接",
    spans(link("去看是谁、什么时候；不是您自己办的，马上找管理员", "/account")),
)
ACCOUNT = ManagePage(
    frame=replace(_ACCOUNT, notices=(_NEWS,)),
    heading="我的账号",
    sections=(
        ManageSection(
            "账号上的事",
            spans("有不是您自己办的，马上找管理员。"),
            (
                ManageRow("管理员替您的账号开了一次性登录链接", "今天 10:20，示例管理员", state="没看过"),
                ManageRow("有人用一次性链接登录了您的账号", "今天 10:31，用您的账号", state="没看过"),
            ),
            forms=(ManageForm("/account/news", "看过了，都是我知道的"),),
        ),
        ManageSection(
            "在哪里登录着",
            spans("有不认得的，请退出它，再改密码。"),
            (
                ManageRow("Chrome・Windows", "今天 08:31 登录，最近用过 今天 10:40・密码", "联络员", "这一台"),
                ManageRow(
                    "微信・安卓",
                    "昨天 17:05 登录，最近用过 昨天 17:20・一次性链接",
                    "联络员",
                    actions=(
                        ActionButton("end", "退出这一台", "/account/sessions/end", hidden=(Hidden("session", "1"),)),
                    ),
                ),
            ),
            forms=(ManageForm("/sign-out/everywhere", "全部退出，这一台也退", primary=False),),
            count="2",
        ),
        ManageSection(
            "密码和验证码",
            spans("没有绑定身份验证器，登录只凭密码。"),
            links=(NavItem("改密码", "/password"), NavItem("身份验证器", "/account/second-factor")),
        ),
    ),
)

_WRONG = "现在的密码不对；请再填一次"
_PROOF = Field(
    "proof-link",
    "您的密码",
    "password",
    hint="这件事能让人用别人的账号，先证明是您本人。",
    required=True,
    autocomplete="current-password",
)
STEP_UP = ManagePage(
    frame=frame("示例联络员甲", "", "丛台区・管理员"),
    heading="示例联络员甲",
    errors=(FieldError("proof-link", _WRONG),),
    sections=(
        ManageSection(
            "帮他登录",
            spans("本人登录时会看到是谁办的。"),
            (
                ManageRow("一次性链接", "忘了密码、头一次登录：开一个链接交给本人，两小时内有效，只能用一次"),
                ManageRow("身份验证器", "手机和恢复码都丢了才解除；解除后全部退出"),
            ),
            forms=(
                ManageForm("/admin/people/1/link", "开一个链接", (_PROOF,), primary=False),
                ManageForm(
                    "/admin/people/1/second-factor",
                    "解除绑定",
                    (
                        replace(
                            _PROOF, name="proof-factor", label="您的验证码", kind="text", autocomplete="one-time-code"
                        ),
                    ),
                    primary=False,
                ),
            ),
        ),
    ),
)

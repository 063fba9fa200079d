"""清单与规则 in a browser without JavaScript: read, changed, looked at, proposed, decided, brought back."""

from __future__ import annotations

import re

from tests.factories import ADMIN, AUDITOR, CLERK, DESK, FIRE_DOOR, World
from tests.web.browsing import Page, Person, somebody
from tests.web.test_pages_english import Leftovers

PIGEONS = "小区里的鸽子太多，落了一地羽毛"
OLD, NEW = "name: 消防通道锁堵, lead: XF, assist: [ZJ, JD]", "name: 消防通道锁堵, lead: ZJ, assist: [XF, JD]"


async def looked(person: Person, old: str = OLD, new: str = NEW, kind: str = "duties") -> Page:
    """The editor after 看差别和预览."""
    form = (await person.get(f"/rules/{kind}")).form(f"/rules/{kind}")
    assert old in form.value("text")
    text = form.value("text").replace(old, new, 1).replace("\n", "\r\n")  # as a browser sends it
    return await person.send(form, text=text, step="look")


async def proposed(person: Person, **change: str) -> Page:
    """The page of what was proposed."""
    page = await looked(person, **change)
    return await person.send(page.form("/rules/duties"), reason="消防说归物业", step="propose")


async def test_from_the_text_to_a_version_in_force_and_back(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    desk, admin = await somebody(world, DESK), await somebody(world, ADMIN)
    page = await looked(desk)
    assert page.status == 200, page.text
    assert "301 消防通道锁堵 主办：消防 → 住建" in page.text
    assert "1 件会派到别处" in page.text
    assert page.links(f"/w/{number}")
    bare = await desk.send(page.form("/rules/duties"), step="propose", reason="")
    assert (bare.status, "请写为什么要改" in bare.text) == (422, True)
    assert NEW in bare.form("/rules/duties").value("text"), "what was typed stays"
    asked = await desk.send(page.form("/rules/duties"), reason="消防说归物业", step="propose")
    assert "等第二个人定" in asked.text
    assert [form.action for form in asked.forms if "approve" in form.action] == []
    assert asked.path.startswith("/rules/proposal/")
    seen = await admin.get(asked.path)
    assert "规则修改等人定" in (await desk.get("/desk")).text
    assert (await admin.client.get("/rules", headers={"accept": "text/html"})).text.count(asked.path) == 1
    done = await admin.client.post(
        f"{asked.path}/approve", data={"csrf": seen.form(asked.path).value("csrf"), "reason": ""}, follow_redirects=True
    )
    assert "已生效" in Page(done).text
    history = await admin.get("/rules/duties/history")
    assert "第 2 版 现行 消防说归物业" in history.text
    old = await desk.get("/rules/duties/1")
    back = await desk.get(old.links("restore=1")[0])
    assert "主办：住建 → 消防" in back.text
    again = await desk.send(back.form("/rules/duties"), reason="换回来", step="propose")
    assert "换回第 1 版" in again.text
    page = await (await somebody(world, AUDITOR)).get("/admin/log")
    log, proposals = page.text, page.links("/rules/proposal/")
    assert proposals
    assert not [one for one in proposals if one.rpartition("/")[2] in log]
    assert "批准了规则的修改：权责清单 第 2 版" in log
    assert "提了规则的修改：权责清单 照第 2 版，换回来" in log


async def test_one_s_own_is_not_one_s_to_approve(world: World) -> None:
    desk = await somebody(world, DESK)
    page = await proposed(desk)
    assert "同意，马上生效" not in page.text
    form = page.form(page.path)
    tried = await desk.client.post(f"{page.path}/approve", data={"csrf": form.value("csrf")})
    assert (tried.status_code, world.service.rules.of("130403").versions["duties"]) == (403, 1)
    gone = await desk.client.post(f"{page.path}/withdraw", data={"csrf": form.value("csrf")}, follow_redirects=True)
    assert "撤回了" in Page(gone).text


async def test_faults_are_named_by_line_with_what_to_do(world: World) -> None:
    desk = await somebody(world, DESK)
    page = await looked(desk, new=NEW.replace("lead: ZJ", "lead: ZZ"))
    assert page.status == 422
    form = page.form("/rules/duties")
    line = 1 + form.value("text")[: form.value("text").index("lead: ZZ")].count("\n")
    assert f"第 {line} 行" in page.text
    assert "ZZ 是不是" in page.text
    check = await desk.client.post("/rules/duties/check", data={"csrf": form.value("csrf"), "text": form.value("text")})
    assert f'data-line="{line}"' in check.text
    for large in ("#\n" * 50_000, "# x" * 80_000):
        shown = await desk.send(form, text=large, step="look")
        assert (shown.status, "文件太大，请拆分" in shown.text) == (422, True)
    unread = await desk.client.post("/rules/duties/check", data={"csrf": form.value("csrf"), "text": "duties: [["})
    assert (unread.status_code, "YAML" in unread.text) == (200, True)


async def test_what_was_overtaken_is_brought_onto_the_new_version(world: World) -> None:
    desk, admin = await somebody(world, DESK), await somebody(world, ADMIN)
    late = await looked(desk, "name: 小广告", "name: 乱贴小广告")
    first = await proposed(admin)
    csrf = (await desk.get(first.path)).form(first.path).value("csrf")
    assert (await desk.client.post(f"{first.path}/approve", data={"csrf": csrf})).status_code == 303
    page = await desk.send(late.form("/rules/duties"), reason="改名", step="propose")
    assert page.status == 409
    assert "您的改动已并到新版上" in page.text
    text = page.form("/rules/duties").value("text")
    assert NEW in text
    assert "乱贴小广告" in text
    assert page.form("/rules/duties").value("base") == "2"
    assert "等第二个人定" in (await desk.send(page.form("/rules/duties"), reason="改名", step="propose")).text


async def test_a_remembered_ruling_is_drafted_and_may_be_left(world: World) -> None:
    for word in ("天沟", "鸽子"):
        number = (await world.whistle(f"屋顶{word}的事"))["number"]
        done = await world.act(number, "assign", seat=DESK, lead="CG", assist=[], remember=True, words=[word])
        assert done.status_code == 200, done.text
    desk = await somebody(world, DESK)
    page = await desk.get("/rules")
    assert "含天沟的派给城管" in page.text
    assert page.text.index("屋顶鸽子的事") < page.text.index("屋顶天沟的事"), "the newest first"
    drafted = await desk.get(page.links("draft=")[-1])
    assert "已起草新事项 R1" in drafted.text
    assert "R1 天沟 新的 主办：城管" in drafted.text
    left = await desk.send(next(form for form in page.forms if form.action.endswith("/refuse")))
    assert "鸽子" not in left.text
    assert "天沟" in left.text


async def remembered(world: World, desk: Person, text: str = PIGEONS) -> Page:
    """The desk after it sent this to the city managers and had the ruling remembered."""
    number = (await world.whistle(text))["number"]
    form = (await desk.get(f"/desk?open={number}")).form(f"/desk/{number}/assign")
    return await desk.send(form, lead="CG", remember="1")


async def test_a_ruling_is_said_to_be_remembered_and_leads_to_its_draft(world: World) -> None:
    desk = await somebody(world, DESK)
    page = await remembered(world, desk)
    assert "派出去了" in page.text
    assert "裁定记住了" in page.text
    assert "已起草新事项 R1" in (await desk.get(page.links("draft=")[0])).text
    number = (await world.whistle("又是鸽子"))["number"]
    form = (await desk.get(f"/w/{number}/do/assign?next=/desk")).form(f"/w/{number}/do/assign")
    other = await desk.send(form, lead="CG", remember="true")
    assert f"裁定记住了：{number}" in other.text, other.text


async def test_a_draft_suggests_words_of_the_title_and_is_refused_without_any(world: World) -> None:
    desk = await somebody(world, DESK)
    page = await remembered(world, desk)
    draft = await desk.get(page.links("draft=")[0])
    assert "是从这件哨的标题里挑的" in draft.text
    editor = draft.form("/rules/duties")
    assert "鸽子" in editor.value("text")
    bare = re.sub(r"(code: R1,.*words: )\[[^]]*\]", r"\1[]", editor.value("text"))
    look = await desk.send(editor, text=bare, reason="照裁定", step="look")
    assert "没有词：没有哨会自己到这一项" in look.text
    refused = await desk.send(look.form("/rules/duties"), reason="照裁定", step="propose")
    assert (refused.status, "一个词也没有" in refused.text) == (422, True)


async def test_nothing_of_a_sealed_one_stands_among_the_remembered(world: World) -> None:
    desk = await somebody(world, DESK)
    await remembered(world, desk)
    assert PIGEONS in (await desk.get("/rules")).text
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle SET sealed = true")
    page = await desk.get("/rules")
    assert PIGEONS not in page.text
    assert "（已封存）打开才看得见" in page.text


async def test_the_desk_and_the_rules_count_alike_and_what_is_proposed_is_no_longer_remembered(world: World) -> None:
    desk, admin = await somebody(world, DESK), await somebody(world, ADMIN)
    page = await remembered(world, desk)
    assert "0 规则修改等人定" in page.text
    assert "没有等着定的修改" in (await desk.get("/rules")).text
    assert "规则修改等人定" not in (await admin.get("/all")).text
    editor = (await desk.get(page.links("draft=")[0])).form("/rules/duties")
    asked = await desk.send(editor, reason="照裁定", step="propose")
    assert asked.path.startswith("/rules/proposal/"), asked.text
    board, rules, every = await desk.get("/desk"), await desk.get("/rules"), await admin.get("/all")
    assert "1 规则修改等人定" in board.text
    assert (await desk.get(page.links("draft=")[0])).status == 404, "one change of one ruling"
    assert "1 等第二个人定" in rules.text
    assert [one for page in (board, rules) for one in ("记住的裁定",) if one in page.text] == []
    assert "1 条，去看" in every.text
    assert every.links("/rules")
    assert "1 条，去看" not in (await desk.get("/all")).text, "the desk has its pane"
    csrf = asked.form(asked.path).value("csrf")
    assert (await desk.client.post(f"{asked.path}/withdraw", data={"csrf": csrf})).status_code == 303
    assert "1 记住的裁定" in (await desk.get("/rules")).text


async def test_in_english_what_is_chinese_says_so(world: World) -> None:
    desk = await somebody(world, DESK)
    asked = await proposed(desk)
    await world.whistle(FIRE_DOOR)
    desk.client.cookies.set("lang", "en")
    auditor = await somebody(world, AUDITOR)
    assert (await auditor.get("/rules/duties")).status == 403
    assert (await (await somebody(world, CLERK)).get("/rules")).status == 403
    left: dict[str, list[str]] = {}
    for path in (
        "/rules",
        "/rules/duties",
        "/rules/duties/history",
        "/rules/duties/1",
        asked.path,
        "/rules/words",
        "/desk",
    ):
        reader = Leftovers()
        page = await desk.get(path)
        assert page.status == 200, path
        reader.feed(page.html)
        if reader.found:
            left[path] = reader.found
    reader = Leftovers()
    reader.feed((await looked(desk, new=NEW.replace("lead: ZJ", "lead: ZZ"))).html)
    assert (left, reader.found) == ({}, []), left


async def test_who_may_only_look_is_offered_nothing_to_change(world: World) -> None:
    number = (await world.whistle("屋顶鸽子的事"))["number"]
    done = await world.act(number, "assign", seat=DESK, lead="CG", assist=[], remember=True, words=["鸽子"])
    assert done.status_code == 200, done.text
    auditor = await somebody(world, AUDITOR)
    page = await auditor.get("/rules")
    assert "含鸽子的派给城管" in page.text
    assert [word for word in ("起草", "不改清单", "点开就能改") if word in page.text] == []
    assert page.links("draft=") == []
    assert page.links("/rules/duties") == ["/rules/duties/history", "/rules/duties/1"]
    assert (await auditor.get("/rules/duties/1")).status == 200
    assert "改权责清单" not in (await auditor.get("/rules/duties/history")).text
    assert "改权责清单" in (await (await somebody(world, ADMIN)).get("/rules/duties/history")).text

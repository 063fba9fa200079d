"""The rules changed as text: two people, one version at a time, nothing half; what files and the desk leave alone."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from dispatch.domain.refusals import Forbidden, Invalid, NotNow, Stale
from dispatch.steps.load import load
from dispatch.steps.reading.marked import BrokenFilesError
from dispatch.steps.rule_changes import proposals
from dispatch.steps.rule_changes.preview import preview
from dispatch.steps.rule_changes.proposals import Wanted
from dispatch.store import references, rule_proposals
from dispatch.store.references import Overlooked
from dispatch.store.rule_proposals import Proposal
from tests.factories import ADMIN, AUDITOR, CLERK, DEMO, DESK, DISTRICT, FIRE_DOOR, STREET, World

OLD = '{code: "301", name: 消防通道锁堵, lead: XF, assist: [ZJ, JD]'
NEW = '{code: "301", name: 消防通道锁堵, lead: ZJ, assist: [XF, JD]'


async def text_of(world: World, kind: str = "duties") -> proposals.Text:
    async with world.database.acquire() as connection:
        return await proposals.current(connection, DISTRICT, kind)


async def proposed(world: World, *, old: str = OLD, new: str = NEW, kind: str = "duties", seat: str = DESK) -> Proposal:
    now = await text_of(world, kind)
    assert old in now.text
    wanted = Wanted(kind, now.version, now.text.replace(old, new, 1), "试一试")
    return await proposals.propose(world.service, await world.actor(seat), wanted)


async def logged(world: World) -> list[tuple[str, str, dict[str, object]]]:
    async with world.database.acquire() as connection:
        rows = await connection.fetch("SELECT action, seat, data FROM administration_log ORDER BY at, id")
    return [(row["action"], row["seat"], orjson.loads(row["data"])) for row in rows]


async def test_a_change_is_in_force_once_a_second_person_approved_it(world: World) -> None:
    before = await text_of(world)
    assert before.text == (DEMO / "duties.yaml").read_text(encoding="utf-8")
    made = await proposed(world)
    assert (await text_of(world)).version == before.version
    with pytest.raises(Forbidden):
        await proposals.approve(world.service, await world.actor(DESK), made.id)
    admin = await world.actor(ADMIN)
    done = await proposals.approve(world.service, admin, made.id, "好")
    assert (done.status, done.version, done.decided_by, done.decision) == ("approved", 2, admin.person, "好")
    assert await proposals.approve(world.service, admin, made.id) == done, "again: the same"
    after = await text_of(world)
    assert (after.version, NEW in after.text, "# ---- 3" in after.text) == (2, True, True)
    assert world.service.rules.of(DISTRICT).duties.by_code["301"].lead == "ZJ"
    seen = await world.get((await world.whistle(FIRE_DOOR))["number"])
    assert (seen["assignments"][0]["unit"], seen["routing"]["duty_list_version"]) == ("ZJ", 2)
    assert [(action, seat, data["rules"]) for action, seat, data in await logged(world)] == [
        ("rules-proposed", DESK, "duties"),
        ("rules-approved", ADMIN, "duties"),
    ]
    with pytest.raises(NotNow):
        await proposals.decline(world.service, admin, made.id, "后悔了")


async def test_broken_text_and_a_change_of_nothing_keep_nothing(world: World) -> None:
    actor, now = await world.actor(DESK), await text_of(world)
    with pytest.raises(BrokenFilesError) as broken:
        await proposed(world, new=NEW.replace("ZJ,", "ZZ,"))
    (fault,) = broken.value.errors
    assert (fault.value, fault.line) == ("ZZ", 1 + now.text[: now.text.index(OLD)].count("\n"))
    for text, reason, field in ((now.text, "为什么", "text"), (now.text.replace(OLD, NEW), " ", "reason")):
        with pytest.raises(Invalid) as refused:
            await proposals.propose(world.service, actor, Wanted("duties", now.version, text, reason))
        assert refused.value.field == field
    for seat in (CLERK, AUDITOR):
        with pytest.raises(Forbidden):
            await proposed(world, seat=seat)
    assert await world.count("rule_proposal") == 0
    assert await logged(world) == []


async def test_a_change_of_comments_alone_is_a_version_of_the_text(world: World) -> None:
    before = await text_of(world)
    why = before.text + "# 2026 年 11 月核过\n"
    actor, admin = await world.actor(DESK), await world.actor(ADMIN)
    made = await proposals.propose(world.service, actor, Wanted("duties", before.version, why, "说清出处"))
    done = await proposals.approve(world.service, admin, made.id)
    after = await text_of(world)
    assert (done.version, after.version, after.text) == (before.version + 1, before.version + 1, why)
    assert after.content == before.content


async def test_what_was_written_against_an_older_version_is_stale_and_can_be_rebased(world: World) -> None:
    admin, desk = await world.actor(ADMIN), await world.actor(DESK)
    other = "name: 小广告, lead: JD"
    first, second = await proposed(world), await proposed(world, old=other, new="name: 乱贴小广告, lead: JD")
    await proposals.approve(world.service, admin, first.id)
    for act in (proposals.approve(world.service, admin, second.id),):
        with pytest.raises(Stale):
            await act
    async with world.database.acquire() as connection:
        now, rebased = await proposals.onto(connection, DISTRICT, "duties", second.base, second.text)
    assert (now.version, rebased.clashes) == (2, 0)
    assert NEW in rebased.text
    assert "乱贴小广告" in rebased.text
    again = await proposals.propose(world.service, desk, Wanted("duties", 2, rebased.text, "改到新版上"))
    await proposals.withdraw(world.service, desk, second.id)
    assert (await proposals.approve(world.service, admin, again.id)).version == 3
    assert world.service.rules.of(DISTRICT).duties.by_code["301"].lead == "ZJ"


async def test_of_two_approved_at_once_one_is_in_force_and_the_other_stale(world: World) -> None:
    admin, other = await world.actor(ADMIN), replace(await world.actor(ADMIN), person="somebody-else")
    first, second = await proposed(world), await proposed(world, old="name: 小广告", new="name: 乱贴小广告")
    done = await asyncio.gather(
        proposals.approve(world.service, admin, first.id),
        proposals.approve(world.service, other, second.id),
        proposals.approve(world.service, admin, first.id),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Stale) for one in done) >= 1
    assert {one.version for one in done if isinstance(one, Proposal)} <= {2}
    assert (await text_of(world)).version == 2
    assert [action for action, _seat, _data in await logged(world)].count("rules-approved") == 1


async def test_an_earlier_version_is_brought_back_like_any_other_change(world: World) -> None:
    admin, desk = await world.actor(ADMIN), await world.actor(DESK)
    first = await text_of(world)
    await proposals.approve(world.service, admin, (await proposed(world)).id)
    back = await proposals.propose(world.service, desk, Wanted("duties", 2, first.text, "换回来", restores=1))
    assert back.restores == 1
    assert (await proposals.approve(world.service, admin, back.id)).version == 3
    assert (await text_of(world)).content == first.content
    async with world.database.acquire() as connection:
        editions = await references.editions(connection, DISTRICT, "duties")
    assert [(one.version, one.proposal is not None) for one in editions] == [(3, True), (2, True), (1, False)]


async def test_only_the_proposer_withdraws_and_only_another_declines(world: World) -> None:
    admin, desk, made = await world.actor(ADMIN), await world.actor(DESK), await proposed(world)
    with pytest.raises(Forbidden):
        await proposals.withdraw(world.service, admin, made.id)
    with pytest.raises(Forbidden):
        await proposals.decline(world.service, desk, made.id, "不要了")
    with pytest.raises(Invalid):
        await proposals.decline(world.service, admin, made.id, " ")
    assert (await proposals.decline(world.service, admin, made.id, "消防不同意")).status == "declined"
    with pytest.raises(NotNow):
        await proposals.approve(world.service, admin, made.id)
    assert (await text_of(world)).version == 1


async def test_a_policy_that_duties_name_cannot_go(world: World) -> None:
    now = await text_of(world, "policies")
    with pytest.raises(BrokenFilesError) as broken:
        await proposals.check(world.service, DISTRICT, "policies", now.text.replace("code: one-minute", "code: other"))
    assert "one-minute" in str(broken.value)


async def test_the_files_again_leave_what_the_desk_approved(world: World, tmp_path: Path) -> None:
    made = await proposed(world)
    await proposals.approve(world.service, await world.actor(ADMIN), made.id)
    assert (await load(world.database, DEMO, "test")).versions == {}
    assert (await text_of(world)).version == 2
    files(tmp_path, "duties", "name: 小广告", "name: 乱贴小广告")
    with pytest.raises(Overlooked, match="duties 2"):
        await load(world.database, tmp_path, "test")
    assert (await text_of(world)).version == 2
    assert (await load(world.database, tmp_path, "test", over=True)).versions == {"duties": 3}


def files(directory: Path, kind: str, old: str, new: str) -> None:
    """The demo's files with one change."""
    for file in DEMO.glob("*.yaml"):
        shutil.copy(file, directory)
    changed = directory / f"{kind}.yaml"
    text = changed.read_text(encoding="utf-8")
    assert old in text
    changed.write_text(text.replace(old, new, 1), encoding="utf-8")


async def test_files_that_no_longer_go_with_what_the_desk_approved_are_refused(world: World, tmp_path: Path) -> None:
    files(
        tmp_path,
        "units",
        "  - {code: NS,",
        "  - {code: QX, name: 气象局, type: department, calendar: district}\n  - {code: NS,",
    )
    await load(world.database, tmp_path, "test")
    await world.service.rules.refresh()
    made = await proposed(world, old="name: 小广告, lead: JD", new="name: 小广告, lead: QX")
    await proposals.approve(world.service, await world.actor(ADMIN), made.id)
    with pytest.raises(BrokenFilesError) as broken:
        await load(world.database, DEMO, "test")
    (fault,) = broken.value.errors
    assert (fault.file, fault.value) == ("duties.yaml（调度台第 2 版）", "QX")
    assert world.service.rules.of(DISTRICT).versions["units"] == 2


async def test_the_preview_says_what_would_have_gone_elsewhere_and_by_when(world: World) -> None:
    fire, _other = await world.whistle(FIRE_DOOR), await world.whistle("路灯不亮")
    named = await world.whistle(FIRE_DOOR, lead="ZJ", override_reason="就近")
    now = await text_of(world)
    lamp = "lead: CG, assist: [DL], outcome: dispatch, kind: appeal, limit: 2wd"
    assert now.text.count(lamp) == 1
    text = now.text.replace(OLD, NEW, 1).replace(lamp, lamp.replace("[DL]", "[]").replace("2wd", "3wd"))
    document = await proposals.check(world.service, DISTRICT, "duties", text)
    found = await preview(world.service, DISTRICT, "duties", document)
    assert (found.looked, found.named, found.elsewhere, found.assist_only, found.complete) == (2, 1, 1, 1, True)
    first = found.moved[0]
    assert (first.number, first.old.lead, first.new.lead, first.title) == (fire["number"], "XF", "ZJ", FIRE_DOOR)
    assert named["number"] not in [one.number for one in found.moved]
    assert [(one.stage, one.old, one.new, one.count) for one in found.retimed] == [("handling", "2wd", "3wd", 1)]
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle SET sealed = true WHERE number = $1", fire["number"])
    again = await preview(world.service, DISTRICT, "duties", document)
    assert again.moved[0].title is None


async def test_policies_change_limits_and_nobody_s_unit(world: World) -> None:
    number = (await world.whistle("路灯不亮"))["number"]
    now = await text_of(world, "policies")
    text = now.text.replace("verification: {owner: street, limit: 2wd", "verification: {owner: street, limit: 1wd", 1)
    document = await proposals.check(world.service, DISTRICT, "policies", text)
    found = await preview(world.service, DISTRICT, "policies", document)
    assert (found.elsewhere, found.assist_only) == (0, 0)
    (only,) = found.retimed
    assert (only.stage, only.old, only.new, only.numbers) == ("verification", "2wd", "1wd", (number,))


async def test_a_remembered_ruling_becomes_a_proposal_and_is_settled_with_it(world: World) -> None:
    number = (await world.whistle("屋顶天沟堵了", place=f"{STREET}-D01"))["number"]
    done = await world.act(number, "assign", seat=DESK, lead="CG", assist=[], remember=True, words=["天沟"])
    assert done.status_code == 200, done.text
    async with world.database.acquire() as connection:
        (draft,) = await rule_proposals.drafts(connection, DISTRICT)
    assert (draft.number, draft.lead, draft.words) == (number, "CG", ("天沟",))
    now = await text_of(world)
    text = now.text.replace("words: [路脏,", "words: [天沟, 路脏,", 1)
    wanted = Wanted("duties", 1, text, "照裁定", draft=draft.id)
    made = await proposals.propose(world.service, await world.actor(DESK), wanted)
    await proposals.approve(world.service, await world.actor(ADMIN), made.id)
    async with world.database.acquire() as connection:
        assert await rule_proposals.drafts(connection, DISTRICT) == []
        assert await connection.fetchval("SELECT status FROM rule_draft") == "approved"

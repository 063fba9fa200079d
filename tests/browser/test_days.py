"""Each role's day on a telephone, in Chinese: one whistle from the form to its archive, one that climbs every rung.

People tap what stands on the screen, by its name; every page they come to fits 360 px and has nothing that axe finds.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from dispatch.clock import VirtualClock
from dispatch.steps import escalate
from tests.browser.running import STRANGE, Running, keep, page
from tests.browser.seeing import violations
from tests.factories import (
    ADMIN,
    AUDITOR,
    BUILDING_HEAD,
    CLERK,
    COMMUNITY_HEAD,
    DESK,
    FIRE_DOOR,
    SECRETARY,
    SLOW,
    XF,
    ZJ,
    monday,
)

COMPOUND_HEAD, LEADER = "node:130403011-D01-X1:head", "unit:ZJ:leader"
Day = Callable[[str, str], AbstractContextManager["Person"]]


class Person:
    """Somebody with a telephone. `tap` and `sees` go by what can be read on the screen."""

    def __init__(self, shown: Any, who: str, address: str) -> None:
        self.shown, self.who, self.address, self.pages = shown, who, address, 0

    def opens(self, path: str = "/home") -> None:
        """Come in by an address: the page of the role, or a link from a chat."""
        self.shown.goto(self.address + path)
        self.looks()

    def tap(self, name: str, *, within: str = "body", comes: str = "**") -> None:
        """Press the first button, link or fold that begins with these words, and look at what `comes`."""
        by, box = re.compile(rf"^\s*{re.escape(name)}"), self.shown.locator(within)
        found = box.get_by_role("button", name=by).or_(box.get_by_role("link", name=by))
        found.or_(box.locator("summary").filter(has_text=by)).filter(visible=True).first.click()
        self.shown.wait_for_url(comes)
        self.looks()

    def fill(self, label: str, text: str) -> None:
        self.shown.get_by_label(label, exact=True).fill(text)

    def choose(self, question: str, answer: str) -> None:
        by = re.compile(rf"^\s*{re.escape(answer)}")
        self.shown.get_by_role("group", name=question).get_by_label(by).first.check()

    def takes_a_photo(self, label: str) -> None:
        taken = io.BytesIO()
        Image.new("RGB", (640, 480), "grey").save(taken, "JPEG")
        file = {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": taken.getvalue()}
        self.shown.get_by_label(re.compile(label)).set_input_files(file)

    def sees(self, *words: str) -> None:
        for one in words:
            self.shown.locator("main").get_by_text(one).filter(visible=True).first.wait_for()

    def looks(self) -> None:
        """It fits, nobody is left out, and a picture of it is kept."""
        self.pages += 1
        keep(self.shown, f"day-{self.who}-{self.pages}", full_page=True)
        assert violations(self.shown) == [], self.shown.url


@pytest.fixture(scope="module")
def clock() -> VirtualClock:
    """Monday, nine in the morning."""
    return VirtualClock(monday(9))


@pytest.fixture(scope="module")
def service(database: str, clock: VirtualClock) -> Iterator[Running]:
    """The service by that clock."""
    with Running(database, clock.now) as running:
        running.do(lambda world: world.token(CLERK, lasts=timedelta(days=30)))
        yield running


@pytest.fixture
def day(browser: Any, service: Running) -> Day:
    """Somebody's day, from their seat."""

    @contextlib.contextmanager
    def begins(seat: str, who: str) -> Iterator[Person]:
        with page(browser, service, seat, 360, known="422") as shown:
            shown.set_default_timeout(10_000)
            yield Person(shown, who, service.address)

    return begins


def test_one_whistle_from_the_form_to_its_archive(day: Day, service: Running, clock: VirtualClock) -> None:
    with day(CLERK, "clerk") as clerk:
        clerk.opens("/")
        clerk.tap("吹一声哨")
        clerk.fill("什么事？", FIRE_DOOR)
        clerk.sees("消防救援大队")
        clerk.choose("现在有危险吗？", "没有危险")
        clerk.tap("吹哨", within=".task-bar", comes="**/receipt**")
        clerk.sees("收到了。这条哨不会丢", "正在按清单派单")
        number = clerk.shown.url.split("/w/")[1][:10]
        service.route(number)
        clerk.sees("消防救援大队", "还没到场")
        clerk.tap("看这条哨")
        clerk.sees("现在不用你做什么", "消防主办，没有逾期")

    clock.advance(timedelta(minutes=10))
    with day(XF, "liaison") as liaison:
        liaison.opens()
        liaison.sees("全部在办", "待签收")
        liaison.tap(FIRE_DOOR)
        liaison.sees("现在要你做的", "请尽快到场")
        liaison.tap("到场报到")
        liaison.takes_a_photo("^照片")
        liaison.tap("到场报到")
        liaison.sees("办好了：到场报到", "已到场·办理中")
        clock.advance(timedelta(minutes=30))
        liaison.tap("报结")
        liaison.fill("办得怎么样", "锁打开了，钥匙交给物业")
        liaison.tap("报结")
        liaison.sees("有一项要改", "请写明为什么可以报结")
        liaison.fill("协办没到，为什么也能报结", "门已经打开，不用再来")
        liaison.tap("报结")
        liaison.sees("办好了：报结", "现在不用你做什么")

    clock.advance(timedelta(hours=1))
    with day(CLERK, "verifier") as street:
        street.opens("/street")
        street.tap("待核查")
        street.tap(FIRE_DOOR)
        street.sees("现在要你做的", "锁打开了，钥匙交给物业")
        street.tap("核查通过")
        street.sees("办好了：核查通过")
        street.tap("答复来源人")
        street.fill("怎么答复", "消防门已经打开，请放心")
        street.tap("答复来源人")
        street.sees("已答复·待回访")
        street.tap("登记回访")
        street.choose("联系上了吗", "联系上了")
        street.choose("来源人说：有人联系过吗", "有")
        street.choose("来源人说：解决了吗", "解决了")
        street.choose("满意吗", "满意")
        street.tap("登记回访")
        street.sees("办好了：登记回访", "已响应、已解决、满意")
        street.tap("评价单位", within=".side-who")
        street.choose("响应了吗", "响应了")
        street.choose("解决了吗", "解决了")
        street.choose("满意吗", "满意")
        street.tap("评价单位")
        street.tap("办结归档")
        street.sees("已办结", "从头到尾没有往上报")


def test_one_that_climbs_asks_everybody_on_its_way(day: Day, service: Running, clock: VirtualClock) -> None:
    clock.advance_to(monday(9) + timedelta(days=1))
    service.do(lambda world: world.whistle(SLOW))

    def comes(days: int, hour: int) -> None:
        clock.advance_to(monday(hour) + timedelta(days=days))
        service.do(lambda world: escalate.sweep(world.service))

    comes(1, 16)
    with day(BUILDING_HEAD, "building-head") as head:
        head.opens()
        head.sees("请您去看一眼", SLOW, "有人来过吗？")
        head.takes_a_photo("拍张照片")
        head.tap("还没人来")
        head.sees("记下了，谢谢您。", "今天没有要您看的")
    comes(2, 12)
    with day(COMPOUND_HEAD, "compound-head") as head:
        head.opens()
        head.sees("件报到您这里", "您能到现场帮一把吗？")
        head.tap("能帮，我去看看")
        head.fill("进展", "去看过，三层以上全黑")
        head.tap("记进展")
        head.sees(SLOW, "记进展 12:00")
    comes(3, 16)
    with day(COMMUNITY_HEAD, "community-secretary") as secretary:
        secretary.opens()
        secretary.sees("社区的成员单位能不能先办？")
        secretary.tap("要街道出面")
        secretary.fill("理由（可不填）", "物业不接电话")
        secretary.tap("要街道出面")
        secretary.sees("办好了：要街道出面")
    comes(3, 17)
    with day(SECRETARY, "street-secretary") as secretary:
        secretary.opens()
        secretary.sees("要不要把几家单位叫到一起？", "住房和城乡建设局该在")
        secretary.tap("批示", within=".answers")
        secretary.fill("批示", "三天内修好")
        secretary.tap("批示")
        secretary.sees("办好了：批示")
    comes(13, 16)
    with day(DESK, "desk-supervising") as desk:
        desk.opens()
        desk.sees("督办单", SLOW)
    with day(LEADER, "unit-leader") as leader:
        leader.opens()
        leader.tap(SLOW)
        leader.sees("本单位逾期了。请督促办理，并说明情况。")
        leader.tap("说明情况")
        leader.fill("情况说明", "缺配件，周五修好")
        leader.tap("说明情况")
        leader.sees("办好了：说明情况", "「缺配件，周五修好」")
    with day(ZJ, "late-liaison") as liaison:
        liaison.opens()
        liaison.sees("红", "已报区")
        liaison.tap(SLOW)
        liaison.tap("签收批示")
        liaison.sees("办好了：签收批示")
        liaison.tap("签收")
        liaison.sees("办好了：签收", "已签收")


def test_the_desk_the_administrator_and_the_auditor(day: Day, service: Running) -> None:
    number = service.do(lambda world: world.whistle(STRANGE))["number"]
    with day(DESK, "desk") as desk:
        desk.opens()
        desk.sees("没匹配上", STRANGE)
        desk.choose("派给谁", "城市管理综合行政执法局")
        desk.tap("派单", within=".candidates")
        desk.sees("派出去了", "现在没有")
        desk.tap("全部", within=".tabs")
        desk.tap(STRANGE)
        desk.sees("现在不用你做什么", "城管主办，没有逾期")
    with day(ADMIN, "administrator") as administrator:
        administrator.opens()
        administrator.sees(STRANGE)
        administrator.tap("管理", within=".tabs")
        administrator.fill("姓名、账号或岗位代码", "130403011.clerk")
        administrator.tap("找")
        administrator.tap("示例", within="main")
        administrator.tap("开一个链接")
        administrator.sees("只显示这一次")
    with day(AUDITOR, "auditor") as auditor:
        auditor.opens()
        auditor.tap(STRANGE)
        auditor.sees("转区调度台", "调度员 派给 城市管理综合行政执法局")
        auditor.opens("/all")
        with auditor.shown.expect_download() as file:
            auditor.shown.get_by_role("link", name="导出 csv").click()
        assert str(number) in file.value.path().read_text("utf-8-sig")
        auditor.tap("管理记录", within=".tabs")
        auditor.sees("开了一次性链接")
        assert auditor.shown.locator(".tabs [aria-current]").inner_text() == "管理记录"

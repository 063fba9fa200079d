"""A new password while it is typed, in Chromium: the words beside it say what the server would say.

Screenshots stay under `.build/screens/` as build output.
"""

from __future__ import annotations

from typing import Any

import pytest

from dispatch.domain.refusals import Invalid
from dispatch.steps import passwords
from tests.browser.running import Running, keep, page
from tests.factories import CLERK, World

ACCOUNT, FIRST = "130403011.clerk", "first words for you"
SHORT, LONG, OWN, AGAIN, GOOD = "还差 {n} 个字符", "太长了", "您的账号或姓名", "同一小段", "够长了"


def first_password(service: Running) -> str:
    """Give the clerk a password that must be changed at once; the clerk's name."""

    async def give(world: World) -> str:
        async with world.database.acquire() as connection:
            row = await connection.fetchrow(
                "SELECT person, name FROM account a JOIN person p ON p.code = a.person WHERE sign_in = $1", ACCOUNT
            )
        await passwords.set_password(world.database, world.deps.sealer, row["person"], FIRST)
        return str(row["name"])

    return str(service.do(give))


def enter(shown: Any, service: Running) -> None:
    """Sign in, and go to work: first comes the page that asks for another password."""
    shown.goto(f"{service.address}/sign-in")
    shown.get_by_label("账号").fill(ACCOUNT)
    shown.get_by_label("密码", exact=True).fill(FIRST)
    with shown.expect_navigation():
        shown.get_by_role("button", name="登录").click()
    shown.goto(f"{service.address}/home")
    assert shown.url.startswith(f"{service.address}/password")


def refused(password: str, own: tuple[str, ...]) -> bool:
    try:
        passwords.check(password, own)
    except Invalid:
        return True
    return False


@pytest.mark.parametrize("width", [1280, 360])
def test_the_first_password_is_changed_with_words_beside_it(browser: Any, service: Running, width: int) -> None:
    name = first_password(service)
    with page(browser, service, CLERK, width) as shown:
        enter(shown, service)
        new, meter = shown.get_by_label("新密码", exact=True), shown.get_by_role("meter")
        said = shown.locator(".strength [role=status]")
        assert said.get_attribute("aria-live") == "polite"
        assert said.inner_text() == ""
        for typed, words, good in (
            ("a", SHORT.format(n=11), False),
            ("😀" * 3 + "词", SHORT.format(n=8), False),
            (ACCOUNT.upper(), OWN, False),
            (f"早上{name}看报纸喝茶", OWN, False),
            ("ab1!" * 4, AGAIN, False),
            ("长" * 129, LONG, False),
            ("雨伞 铁轨 蓝墨水 九点钟", GOOD, True),
        ):
            new.fill(typed)
            said.filter(has_text=words).wait_for()
            assert refused(typed, (ACCOUNT, name)) is not good, typed
            assert (meter.evaluate("(one) => one.value") >= 2) is good, typed
            keep(shown, f"password-{len(typed)}-{width}")
        # what only the list of leaked ones knows, the server says
        new.fill("passwordpassword1")
        said.filter(has_text="再和泄露过的密码比一遍").wait_for()
        assert refused("passwordpassword1", ())


def test_without_the_script_nothing_is_lost(browser: Any, service: Running) -> None:
    first_password(service)
    with page(browser, service, CLERK, java_script_enabled=False) as shown:
        enter(shown, service)
        assert not shown.locator(".strength").is_visible()
        shown.get_by_label("现在的密码").fill(FIRST)
        for box in ("新密码", "再写一次新密码"):
            shown.get_by_label(box, exact=True).fill("雨伞 铁轨 蓝墨水 九点钟")
        shown.get_by_role("button", name="保存新密码").click()
        shown.wait_for_load_state()
        assert "/password" not in shown.url


def test_it_speaks_english(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/language?to=en&next=/password")
        shown.get_by_label("New password", exact=True).fill("three words")
        shown.locator(".strength").get_by_text("characters still missing: 1").wait_for()

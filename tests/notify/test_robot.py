"""The robot's form, its limits, and what it makes of answers."""

from collections.abc import AsyncIterator

import pytest

from dispatch.notify.channel import Message, Throttle
from dispatch.notify.robot import Robot, UnfitAddress, fit
from tests.notify.hook import Hook, refusal


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with Hook() as made:
        yield made


async def test_text_and_the_call_to_all_for_what_is_urgent(hook: Hook) -> None:
    robot = Robot(hook.url)
    assert (await robot.send(Message("一件", False))).ok
    assert (await robot.send(Message("急事", True))).ok
    await robot.close()
    assert hook.bodies == [
        {"msgtype": "text", "text": {"content": "一件"}},
        {"msgtype": "text", "text": {"content": "急事", "mentioned_list": ["@all"]}},
    ]


async def test_markdown(hook: Hook) -> None:
    robot = Robot(hook.url, form="markdown")
    await robot.send(Message("**一件**", False))
    await robot.close()
    assert hook.bodies == [{"msgtype": "markdown", "markdown": {"content": "**一件**"}}]


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (refusal(93000), "errcode-93000"),
        ((200, b"<html>"), "answer-not-understood"),
        ((200, b"[]"), "answer-not-understood"),
        ((200, b'{"errcode": null}'), "answer-not-understood"),
        ((502, b""), "http-502"),
        ((302, b""), "http-302"),
        ((200, b" " * 100_000), "answer-too-large"),
        (None, "RemoteProtocolError"),
    ],
)
async def test_anything_but_errcode_0_has_not_been_sent(
    hook: Hook, answer: tuple[int, bytes] | None, detail: str
) -> None:
    hook.answers.append(answer)
    robot = Robot(hook.url)
    result = await robot.send(Message("一件", False))
    await robot.close()
    assert (result.ok, result.detail) == (False, detail)
    assert len(hook.bodies) == 1  # a redirect is not followed


async def test_nobody_there() -> None:
    async with Hook() as hook:
        robot = Robot(hook.url)
    result = await robot.send(Message("一件", False))
    await robot.close()
    assert (result.ok, result.detail) == (False, "ConnectError")


async def test_too_many_closes_the_channel_for_a_minute(hook: Hook) -> None:
    now = [0.0]
    robot = Robot(hook.url, monotonic=lambda: now[0])
    hook.answers.append(refusal(45009))
    result = await robot.send(Message("急事", True))
    await robot.close()
    assert result.wait is not None
    assert robot.room(urgent=True) == 0
    now[0] = 61
    assert robot.room(urgent=True) == 20


@pytest.mark.parametrize(
    "url",
    [
        "http://qyapi.example.com/send?key=secret", "http://169.254.169.254/latest", "ftp://localhost/x",
        "https://user:secret@example.com/x", "file:///etc/passwd", "https:///nohost", "http://localhost.example.com/",
        "http://127.0.0.1.example.com/", "http://10.0.0.1/", "//example.com", "",
    ],
)  # fmt: skip
def test_unfit_addresses_are_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(UnfitAddress) as refused:
        Robot(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "local"),
    [("https://qyapi.example.com/send?key=x", False), ("http://127.0.0.2:8000/x", True), ("http://[::1]:1/x", True)],
)
def test_fit_addresses(url: str, local: bool) -> None:
    assert fit(url) is local


def test_ordinary_messages_keep_apart_and_leave_room_for_urgent_ones() -> None:
    now = [0.0]
    throttle = Throttle(20, 60, reserve=5, monotonic=lambda: now[0])
    sent = 0
    while now[0] < 60:
        if throttle.room(urgent=False):
            throttle.took(urgent=False)
            sent += 1
            assert throttle.room(urgent=False) == 0
        assert throttle.room(urgent=True) >= 5
        now[0] += 0.5
    assert sent == 15
    for _ in range(throttle.room(urgent=True)):
        throttle.took(urgent=True)
    assert throttle.room(urgent=True) == throttle.room(urgent=False) == 0


def test_never_more_than_the_limit_in_any_minute() -> None:
    now, stamps = [0.0], []
    throttle = Throttle(20, 60, reserve=5, monotonic=lambda: now[0])
    while now[0] < 300:
        urgent = int(now[0] * 10) % 3 == 0
        if throttle.room(urgent=urgent):
            throttle.took(urgent=urgent)
            stamps.append(now[0])
        now[0] += 0.1
    assert max(sum(1 for each in stamps if start < each <= start + 60) for start in stamps) <= 20

"""The group robot of WeCom (企业微信群机器人): a webhook that takes a message and answers with an error code.

Its rules: 20 messages a minute for each robot, 2,048 bytes of text, HTTP 200 with `errcode` other than 0 is a refusal.
https://developer.work.weixin.qq.com/document/path/91770
"""

import ipaddress
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from dispatch.notify.channel import Message, Result, Throttle

#: "too many": nothing more for a minute
_TOO_MANY = frozenset({45009, 45033})
_PAUSE = timedelta(seconds=60)
_LARGEST_ANSWER = 65_536
#: for one message, from connecting to the answer (seconds)
TIMEOUT = 5.0


class UnfitAddress(ValueError):
    """A webhook that will not be called; `str()` says why without quoting it (it holds the robot's key)."""


def fit(url: str) -> bool:
    """Whether the host is this machine. Raises `UnfitAddress` for anything but https, or http to this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not host or parts.username or parts.password:
        raise UnfitAddress("the webhook's address must be https://host/path, without user and password")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise UnfitAddress("the webhook's address must begin with https:// (http:// only to this machine)")
    return local


class Robot:
    """The channel `robot`. `form` is text (read everywhere) or markdown."""

    name = "robot"
    longest = 2_048
    bundle = 10

    def __init__(
        self, url: str, *, form: str = "text", most: int = 20, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`url` from the settings, never from anybody's input. Raises `UnfitAddress`."""
        local = fit(url)
        self._url = url
        self._form = form
        self._throttle = Throttle(most, 60.0, reserve=most // 4, monotonic=monotonic)
        # what is called is what was set: no redirects; this machine is not reached through a proxy
        self._client = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=not local)

    def room(self, *, urgent: bool) -> int:
        """Messages that the robot still takes this minute; a quarter is kept for urgent ones."""
        return self._throttle.room(urgent=urgent)

    async def send(self, message: Message) -> Result:
        """One message; an urgent one calls everybody in the group."""
        self._throttle.took(urgent=message.urgent)
        try:
            async with self._client.stream("POST", self._url, json=self._body(message)) as response:
                if response.status_code != 200:
                    return Result(False, f"http-{response.status_code}")
                answer = b""
                async for piece in response.aiter_bytes():
                    answer += piece
                    if len(answer) > _LARGEST_ANSWER:
                        return Result(False, "answer-too-large")
        except httpx.HTTPError as error:
            return Result(False, type(error).__name__)
        return self._judge(answer)

    def _body(self, message: Message) -> dict[str, Any]:
        if self._form == "markdown":
            return {"msgtype": "markdown", "markdown": {"content": message.text}}
        text: dict[str, Any] = {"content": message.text}
        if message.urgent:
            text["mentioned_list"] = ["@all"]
        return {"msgtype": "text", "text": text}

    def _judge(self, answer: bytes) -> Result:
        try:
            code = int(orjson.loads(answer)["errcode"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return Result(False, "answer-not-understood")
        if code == 0:
            return Result(True, "errcode-0")
        if code in _TOO_MANY:
            self._throttle.close_for(_PAUSE.total_seconds())
            return Result(False, f"errcode-{code}", _PAUSE)
        return Result(False, f"errcode-{code}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

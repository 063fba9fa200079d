"""People at work through the HTTP API while processes die: they raise, act, insist, and note what they were told."""

import asyncio
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from tests.chaos import deeds
from tests.chaos.deeds import DESK, STREETS, clerk
from tests.chaos.district import CALM_CLERK, CALM_PLACE, CALM_TEXT
from tests.chaos.evidence import Answered, Journal, Receipt
from tests.chaos.fleet import Fleet

TEXTS = (
    "楼道消防门被锁", "天沟渗水，三户漏水", "没有规则说的事", "垃圾成堆没人清", "物业不管", "演示一分钟", "医院乱收费",
)  # fmt: skip
CLERK = clerk(STREETS[0])
#: so many of the last are acted on
RECENT = 40
PLACE = f"{STREETS[0]}-D01-X1-B3"


@dataclass(frozen=True, slots=True)
class Told:
    """What was raised: known to everybody in the crowd."""

    id: str
    number: int


class Crowd:
    """`work` until told to stop. `tokens` by seat."""

    def __init__(self, fleet: Fleet, tokens: dict[str, str], seed: int) -> None:
        self.journal = Journal()
        #: answers that must never be given: 5xx other than 503
        self.wrong: list[str] = []
        self.acts = 0
        self._webs = [member.url for member in fleet.members if member.role == "web"]
        self._tokens, self._seed = tokens, seed
        self._told: list[Told] = []
        self._keys = 0
        self._stopping = asyncio.Event()

    async def work(self, seconds: float, *, raising: int = 3, acting: int = 5) -> None:
        """So many people of each kind, for so many seconds; each finishes what was begun."""
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(timeout=8, limits=limits) as http, asyncio.TaskGroup() as people:
            for i in range(raising):
                people.create_task(self._raise(http, Random(f"raise {self._seed} {i}")))
            for i in range(acting):
                people.create_task(self._act(http, Random(f"act {self._seed} {i}")))
            await asyncio.sleep(seconds)
            self._stopping.set()

    async def throng(self, count: int, hands: int = 96) -> int:
        """As many whistles more, of the kind that nothing hurries, so long as `work` goes on; how many it were."""
        begun = iter(range(count))
        told = 0

        async def hand(dice: Random) -> None:
            nonlocal told
            # a client each: one that shares its connections among so many looks through all of them every time
            async with httpx.AsyncClient(timeout=8, verify=False) as http:
                while not self._stopping.is_set() and next(begun, None) is not None:
                    await self._blow(http, dice, CALM_TEXT, CALM_CLERK, CALM_PLACE)
                    told += 1

        async with asyncio.TaskGroup() as hands_at_work:
            for i in range(hands):
                hands_at_work.create_task(hand(Random(f"throng {self._seed} {i}")))
        return told

    async def alone(self, text: str) -> Told:
        """Raise one that nobody in the crowd hears of."""
        async with httpx.AsyncClient(timeout=8) as http:
            return await self._blow(http, Random(f"alone {self._seed} {self._keys}"), text)

    async def routed(self, told: Told) -> None:
        """Until it is seen to be."""
        dice = Random(f"routed {told.number}")
        async with httpx.AsyncClient(timeout=8) as http:
            while True:
                seen = await self._ask(http, dice, "GET", DESK, f"/api/v1/whistles/{told.number}")
                if seen is not None and seen.status_code == 200 and seen.json()["status"] != "raised":
                    return
                await asyncio.sleep(0.1)

    async def _raise(self, http: httpx.AsyncClient, dice: Random) -> None:
        while not self._stopping.is_set():
            self._told.append(await self._blow(http, dice, dice.choice(TEXTS)))
            await asyncio.sleep(dice.uniform(0.05, 0.5))

    async def _blow(
        self, http: httpx.AsyncClient, dice: Random, text: str, clerk: str = CLERK, place: str = PLACE
    ) -> Told:
        self._keys += 1
        key = f"chaos-{self._keys}"
        body = {"body": f"{text}（{key}）", "place": place}
        answer = await self._insist(http, dice, clerk, "/api/v1/whistles", body, key)
        told = answer.json()
        self.journal.receipts.append(Receipt(key, told["id"], told["number"]))
        return Told(told["id"], told["number"])

    async def _act(self, http: httpx.AsyncClient, dice: Random) -> None:
        while not self._stopping.is_set():
            await asyncio.sleep(dice.uniform(0.02, 0.2))
            if not self._told:
                continue
            # what is new; or one of the few that are seen through to the end. The rest is left to climb
            some = self._told[-RECENT:] if dice.random() < 0.5 else self._told[::5][-4:]
            await self._one(http, dice, dice.choice(some))

    async def _one(self, http: httpx.AsyncClient, dice: Random, told: Told) -> None:
        seen = await self._ask(http, dice, "GET", DESK, f"/api/v1/whistles/{told.number}")
        if seen is None or seen.status_code != 200:
            return
        seat = deeds.who(seen.json(), dice)
        if seat not in self._tokens:
            return
        mine = await self._ask(http, dice, "GET", seat, f"/api/v1/whistles/{told.number}")
        if mine is None or mine.status_code != 200:
            return
        shown = mine.json()
        if (action := deeds.choice(shown, dice)) is not None:
            others = [one.number for one in self._told[-RECENT:]]
            fields = deeds.fields(action, shown, others, dice)
            await self._do(http, dice, seat, told, action, {**fields, "version": shown["version"]})

    async def _do(
        self, http: httpx.AsyncClient, dice: Random, seat: str, told: Told, action: str, fields: dict[str, Any]
    ) -> None:
        path = f"/api/v1/whistles/{told.number}/actions/{action}"
        if action == "note":
            self._keys += 1
            key = f"note-{self._keys}"
            self.journal.sent[told.id, action, seat] += 1
            answer: httpx.Response | None = await self._insist(http, dice, seat, path, {"text": fields["text"]}, key)
        else:
            key = None
            answer = await self._ask(http, dice, "POST", seat, path, fields)
        if answer is not None and answer.status_code == 200:
            self.acts += 1
            self.journal.answered.append(Answered(told.id, action, seat, key))

    async def _insist(
        self, http: httpx.AsyncClient, dice: Random, seat: str, path: str, body: dict[str, Any], key: str
    ) -> httpx.Response:
        """Until it is answered, with one key, as a patient client does."""
        while True:
            answer = await self._ask(http, dice, "POST", seat, path, body, key)
            if answer is not None and answer.status_code < 500:
                return answer
            await asyncio.sleep(0.2)

    async def _ask(
        self,
        http: httpx.AsyncClient,
        dice: Random,
        method: str,
        seat: str,
        path: str,
        body: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> httpx.Response | None:
        """One request to any of the webs; None: nobody knows what became of it."""
        headers = {"Authorization": f"Bearer {self._tokens[seat]}"} | ({"Idempotency-Key": key} if key else {})
        try:
            answer = await http.request(method, dice.choice(self._webs) + path, json=body, headers=headers)
        except httpx.HTTPError:
            return None
        if answer.status_code >= 500 and answer.status_code != 503:
            self.wrong.append(f"{method} {path} by {seat}: {answer.status_code} {answer.text[:300]}")
        return answer

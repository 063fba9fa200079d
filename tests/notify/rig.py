"""A service that tells, and its delivery."""

from typing import Any

from dispatch.notify.channel import Channel
from dispatch.notify.deliver import Delivery
from dispatch.observe.metrics import Metrics
from tests.factories import World

#: the demo's list routes it as an emergency, to the gas company and the fire brigade
GAS = "广泰小区3号楼楼道里漏气，燃气味很大"


class Rig:
    """A service that tells by the robot, and its delivery."""

    def __init__(self, world: World, channel: Channel) -> None:
        world.service.channels = (channel.name,)
        self.world = world
        self.metrics = Metrics("worker")
        self.channel = channel
        self.delivery = self.another()

    def another(self) -> Delivery:
        """One more process."""
        return Delivery(
            self.world.database,
            [self.channel],
            self.world.service.rules.of,
            lambda n: f"http://test/w/{n}",
            self.metrics,
        )

    async def all(self, delivery: Delivery | None = None) -> None:
        """Rounds until nothing is in hand."""
        while await (delivery or self.delivery).once():
            pass

    async def rows(self, sql: str = "SELECT * FROM notice ORDER BY created_at, id") -> list[dict[str, Any]]:
        async with self.world.database.acquire() as connection:
            return [dict(row) for row in await connection.fetch(sql)]

    async def run(self, sql: str, *arguments: object) -> None:
        async with self.world.database.transaction() as uow:
            await uow.connection.execute(sql, *arguments)

    async def overdue(self) -> None:
        """As if every wait were over."""
        await self.run("UPDATE notice SET next_try_at = next_try_at - interval '2 days' WHERE status = 'pending'")

    def counted(self, result: str) -> float:
        labels = {"channel": self.channel.name, "result": result}
        return self.metrics.registry.get_sample_value("dispatch_notices_total", labels) or 0

"""A relay in a process of its own, for tests that kill it: `python -m tests.bus.relay_process URL BOOTSTRAP`."""

import asyncio
import sys

from dispatch.bus.producer import connector
from dispatch.bus.relay import Relay
from dispatch.store.database import Database
from dispatch.store.waker import Waker


async def main(url: str, bootstrap: str) -> None:
    database = await Database.connect(url, size=2)
    await Relay(database, connector(bootstrap), Waker(), read=50).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""How the relay is woken when outbox rows were committed."""

import asyncio
import contextlib

from dispatch.store.database import Database

#: `NOTIFY` on this channel: rows were committed
CHANNEL = "dispatch_outbox"
#: a process notifies at most this often (seconds): the first commit after a pause at once. While rows keep coming the
#: relay looks by itself (`relay.AWAKE`, which is longer), and a `NOTIFY` wakes every session that listens to anything
DEBOUNCE = 0.05


class Waker:
    """Tells the relay that rows were committed: at once in this process, elsewhere by one debounced `NOTIFY`.

    `wake()` is cheap and may be called after every commit: however many, they become one `NOTIFY` in a while. It is
    never sent inside a step's transaction: that would serialise the commits of the whole database.
    """

    def __init__(self) -> None:
        self.event = asyncio.Event()
        #: rows were committed since somebody last looked (the event is also set for other reasons)
        self.rows = False
        #: set while the relay of this very process holds the lock: nobody else needs to be told
        self.local = False
        self._dirty = asyncio.Event()

    def wake(self) -> None:
        """Rows were committed. Called in the event loop's thread."""
        self.rows = True
        self.event.set()
        if not self.local:
            self._dirty.set()

    async def run(self, database: Database) -> None:
        """Send the `NOTIFY`s until cancelled. One that fails is forgotten: the relay also looks by itself."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            with contextlib.suppress(Exception):
                async with database.acquire() as connection:
                    await connection.execute(f"NOTIFY {CHANNEL}")
            await asyncio.sleep(DEBOUNCE)

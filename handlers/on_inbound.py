"""Another system blows a whistle: take it in, or refuse it, and say so on the lifecycle topic."""

from typing import Annotated, Any

from faststream.kafka import KafkaRouter

from dispatch.bus.broker import Given, reading
from schemas import topics

router = KafkaRouter()


@router.subscriber(topics.INBOUND, **reading(topics.GROUPS[topics.INBOUND]))  # type: ignore[untyped-decorator]
async def on_inbound(
    message: Annotated[Any, Given()], step: Annotated[Any, Given("inbound_step")], ahead: Annotated[Any, Given()]
) -> None:
    """Each record ends as a whistle, once, or as a dead letter."""
    await ahead.take(message.consumer, message.raw_message, step)

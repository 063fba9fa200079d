"""A whistle was blown: route it. Emergencies have a topic, a group and a consumer of their own."""

from typing import Annotated, Any

from faststream.kafka import KafkaRouter

from dispatch.bus.broker import Given, reading
from schemas import topics

router = KafkaRouter()


@router.subscriber(topics.RAISED_URGENT, **reading(topics.GROUPS[topics.RAISED_URGENT]))  # type: ignore[untyped-decorator]
@router.subscriber(topics.RAISED, **reading(topics.GROUPS[topics.RAISED]))  # type: ignore[untyped-decorator]
async def on_raised(
    message: Annotated[Any, Given()], step: Annotated[Any, Given("route_step")], ahead: Annotated[Any, Given()]
) -> None:
    """Each record ends routed, or as a dead letter."""
    await ahead.take(message.consumer, message.raw_message, step)

"""Every published type: its shape, and the topics it may stand on."""

from dataclasses import dataclass

from schemas import inbound, lifecycle, topics, whistle
from schemas.fields import Message


@dataclass(frozen=True, slots=True)
class Shape:
    """The newest version of a type. `name` is the type without its version."""

    name: str
    version: int
    model: type[Message]
    topics: frozenset[str]
    about: str
    type: str
    """As in the CloudEvent."""


def _shape(type: str, model: type[Message], on: set[str], about: str) -> Shape:
    name, _, version = type.rpartition(".v")
    return Shape(name, int(version), model, frozenset(on), about, type)


#: every current type
SHAPES: tuple[Shape, ...] = (
    _shape(
        whistle.RAISED,
        whistle.WhistleRaisedV1,
        {topics.RAISED, topics.RAISED_URGENT},
        "A whistle has a number; it waits to be routed.",
    ),
    _shape(inbound.TYPE, inbound.WhistleInboundV1, {topics.INBOUND}, "Another system blows a whistle."),
    _shape(inbound.ACCEPTED, inbound.InboundAcceptedV1, {topics.LIFECYCLE}, "A message became a whistle."),
    _shape(inbound.REFUSED, inbound.InboundRefusedV1, {topics.LIFECYCLE}, "A message was refused."),
    *(
        _shape(f"whistle.{fact}.v1", lifecycle.FactV1, {topics.LIFECYCLE}, about)
        for fact, about in lifecycle.FACTS.items()
    ),
)

#: by type without version
NEWEST: dict[str, Shape] = {shape.name: shape for shape in SHAPES}

MODELS: tuple[type[Message], ...] = tuple(dict.fromkeys(shape.model for shape in SHAPES))

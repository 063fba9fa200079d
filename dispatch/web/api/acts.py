"""The fields of each action, one model an action; the table of `design.md`."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter, field_validator

from dispatch.domain.turn import ZONE
from dispatch.web.api.fields import PHOTOS, UNITS, Body, Code, Line, Moment, Said

Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Photos = Annotated[list[UUID], Field(max_length=PHOTOS)]
Satisfied = Literal["satisfied", "basically", "not"]


class Act(Body):
    """Every action: the version of the whistle that the caller saw. Left out, the act is taken as it comes."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None

    def fields(self) -> dict[str, Any]:
        """What the rules are given: the fields that were sent."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set - {"version"})}


class Plain(Act):
    """No fields of its own."""


class Reasoned(Act):
    """A reason, where there is one."""

    reason: Said | None = None


class Ruled(Act):
    """What every decision that may become a rule takes."""

    reason: Said | None = None
    remember: bool = False
    words: Annotated[list[Line], Field(max_length=UNITS)] | None = None


class Assign(Ruled):
    """Who gets it."""

    lead: Code
    assist: Annotated[list[Code], Field(max_length=UNITS, default_factory=list)]


class Call(Act):
    """A further unit."""

    unit: Code
    role: Literal["assist", "inform"] = "assist"


class Arrive(Act):
    """On site: with a place or a photo where the report-in is on site."""

    latitude: Latitude | None = None
    longitude: Longitude | None = None
    photo: UUID | None = None
    note: Said | None = None


class Note(Act):
    """What was done."""

    text: Said


class Resolve(Act):
    """The result. `reason` where assisting units have not come."""

    reply: Said
    reason: Said | None = None
    photos: Photos | None = None


class Verify(Act):
    """The street's check; a refusal takes a listed reason."""

    accepted: bool
    reason: Line | None = None
    note: Said | None = None
    photos: Photos | None = None
    unit: Code | None = None


class Feedback(Act):
    """The answer to whoever raised it."""

    reply: Said


class Callback(Act):
    """A call-back; valid only if somebody was reached."""

    reached: bool
    responded: bool | None = None
    solved: bool | None = None
    satisfied: Satisfied | None = None


class Evaluate(Act):
    """The street's rating of a unit (the lead unless named)."""

    unit: Code | None = None
    responded: bool
    solved: bool
    satisfied: Satisfied


class HandBack(Act):
    """申请退单: why, by which clause, and whose it is."""

    reason: Said
    clause: Line | None = None
    to: Code | None = None


class Rule(Ruled):
    """The desk's ruling on a hand-back; `unit` or `request` (its id) where several wait, else on the oldest."""

    upheld: bool
    to: Code | None = None
    unit: Code | None = None
    request: UUID | None = None


class RequestExtension(Act):
    """Until when, and why."""

    until: Moment
    reason: Said


class Decide(Act):
    """Yes or no to a request; `unit` or `request` (its id) where several wait, else the oldest is decided."""

    granted: bool
    reason: Said | None = None
    unit: Code | None = None
    request: UUID | None = None


class DecideExtension(Decide):
    """Yes, also until another moment than asked for."""

    until: Moment | None = None


class RequestHold(Act):
    """Why it cannot be solved now, and when it is looked at again (a day, or a moment)."""

    reason: Said
    review_on: Moment | date

    @field_validator("review_on")
    @classmethod
    def _morning(cls, value: datetime | date) -> datetime:
        """A day means its first moment in the district."""
        return value if isinstance(value, datetime) else datetime.combine(value, time(), ZONE)


class Urge(Act):
    """催办."""

    text: Said | None = None
    unit: Code | None = None


class Instruct(Act):
    """批示."""

    text: Said
    unit: Code | None = None


class SignInstruction(Act):
    """Which instruction, where several wait (the oldest unless named)."""

    request: UUID | None = None


class Consult(Act):
    """Units called to one table."""

    units: Annotated[list[Code], Field(min_length=1, max_length=UNITS)]
    at: Moment | None = None
    text: Said | None = None


class DecideConsult(Decide):
    """Yes, also at another moment than asked for."""

    at: Moment | None = None


class Minutes(Act):
    """What was said; each decision that is to be done besides becomes a whistle of its own (子单)."""

    text: Said
    decisions: Annotated[list[Said], Field(max_length=UNITS)] | None = None


class Given(Act):
    """A reason that must be given."""

    reason: Said


class Transfer(Act):
    """To which street."""

    to: Code


class OfUnit(Act):
    """Which unit (the lead unless named)."""

    unit: Code | None = None


class Withdraw(Act):
    """Which request, where several are pending."""

    kind: Literal["hand-back", "extension", "hold", "cancel", "transfer", "objection", "consult"] | None = None


class Merge(Act):
    """Into which whistle, by number or id."""

    into: Code


class AddChild(Act):
    """One of several problems, as a whistle of its own; the parent's place unless named."""

    body: Said
    title: Line | None = None
    category: Code | None = None
    place: Code | None = None
    danger: bool = False


ACTS: dict[str, type[Act]] = {
    "assign": Assign,
    "call": Call,
    "keep": Reasoned,
    "report-in": Plain,
    "arrive": Arrive,
    "leave": Reasoned,
    "note": Note,
    "resolve": Resolve,
    "verify": Verify,
    "feedback": Feedback,
    "callback": Callback,
    "evaluate": Evaluate,
    "close": Plain,
    "hand-back": HandBack,
    "rule": Rule,
    "request-extension": RequestExtension,
    "decide-extension": DecideExtension,
    "request-hold": RequestHold,
    "decide-hold": Decide,
    "resume": Plain,
    "urge": Urge,
    "explain": Note,
    "instruct": Instruct,
    "take-over": Plain,
    "send-down": Plain,
    "send-up": Reasoned,
    "consult": Consult,
    "decide-consult": DecideConsult,
    "decide-review": Decide,
    "minutes": Minutes,
    "object": Note,
    "reopen": Given,
    "request-cancel": Given,
    "cancel": Given,
    "decide-cancel": Decide,
    "decide-objection": Decide,
    "transfer": Transfer,
    "accept-transfer": Plain,
    "decline-transfer": Plain,
    "deny-arrival": OfUnit,
    "sign-instruction": SignInstruction,
    "withdraw": Withdraw,
    "merge": Merge,
    "unmerge": Plain,
    "add-child": AddChild,
}
ADAPTERS: dict[str, TypeAdapter[Any]] = {action: TypeAdapter(model) for action, model in ACTS.items()}

"""Every route of the application, what the table of permissions says about it, and how to knock without changing
anything: a body that whoever may come in is told is wrong or stale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from dispatch.domain import whistle as machine
from dispatch.domain.case import Actor, Case
from dispatch.domain.permissions import may_ever
from dispatch.domain.turn import Turn
from dispatch.steps.lists import may_open
from dispatch.web.api.acts import ACTS
from tests.factories import STREET

OK, FORBIDDEN, NOT_FOUND = "ok", "403", "404"
JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
#: a photo, as a form sends it, that is none
UPLOAD = (
    b'--b\r\nContent-Disposition: form-data; name="%s"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    b"<svg>\r\n--b--\r\n"
)


@dataclass(frozen=True)
class Asker:
    """Somebody who knocks: the actor, and the rung of their node."""

    actor: Actor
    level: int | None
    turn: Turn

    def may(self, action: str, case: Case | None) -> bool:
        """What the table says of one whistle."""
        return case is not None and machine.may(case, self.actor, action, self.turn)

    def ever(self, action: str) -> bool:
        """What the table says of the role, at its rung."""
        return may_ever(self.actor, action, self.level)


Rule = Callable[[Asker, Case | None], str]


def everybody(_asker: Asker, _case: Case | None) -> str:
    """Whoever is signed in."""
    return OK


def ever(action: str) -> Rule:
    """Roles that have the action at all, at the rung of the actor's node."""
    return lambda asker, _case: OK if asker.ever(action) else FORBIDDEN


def on(action: str, first: str = "") -> Rule:
    """The action on the whistle; `first`: what the role must have before any whistle is looked at."""

    def said(asker: Asker, case: Case | None) -> str:
        if first and not asker.ever(first):
            return FORBIDDEN
        if asker.may(action, case):
            return OK
        return FORBIDDEN if asker.may("read", case) else NOT_FOUND

    return said


def queue_of(unit: str) -> Rule:
    """The queue of a unit."""

    def said(asker: Asker, _case: Case | None) -> str:
        found = asker.turn.reference.units.get(unit)
        assert found is not None
        return OK if may_open(asker.actor, found, asker.turn.reference) else FORBIDDEN

    return said


def street_list(asker: Asker, _case: Case | None) -> str:
    """我街道的哨 is for those on the node of a street."""
    return OK if asker.level == 4 and asker.ever("street") else FORBIDDEN


def own_queue(asker: Asker, _case: Case | None) -> str:
    """待办 without a unit named is the unit's own."""
    return OK if asker.actor.unit and asker.ever("queue") else FORBIDDEN


@dataclass(frozen=True)
class Way:
    """One way to knock at a route. In `path`, `{number}` is the whistle's; `scope` is the token's that is wanted."""

    path: str
    rule: Rule | None
    scope: str | None = "read"
    body: bytes = b""
    kind: str = JSON
    wrong: tuple[int, ...] = field(default=(200, 201, 303, 409, 422))

    @property
    def whistle(self) -> bool:
        """Whether it is about one whistle."""
        return "{number}" in self.path or b"{number}" in self.body

    def at(self, number: object) -> tuple[str, bytes]:
        """Address and body for one whistle."""
        return self.path.replace("{number}", str(number)), self.body.replace(b"{number}", str(number).encode())


def form(**fields: Any) -> dict[str, Any]:
    """A posted form."""
    return {"body": urlencode(fields).encode(), "kind": FORM}


def upload(name: str) -> dict[str, Any]:
    """A posted photo that is none."""
    return {"body": UPLOAD % name.encode(), "kind": MULTIPART}


NOTHING = "01978f3c-8a40-7c31-9d5e-2f60d9c7ab01"
PHOTO = "01978f3c-8a40-7c31-9d5e-2f60d9c7ab02"
LETTERS = ever("dead-letters")


def no_letter(asker: Asker, _case: Case | None) -> str:
    """A dead letter that there is not."""
    return NOT_FOUND if asker.ever("dead-letters") else FORBIDDEN


def nothing_of(action: str) -> Rule:
    """Something of the rules that there is not."""
    return lambda asker, _case: NOT_FOUND if asker.ever(action) else FORBIDDEN


def administration_log(asker: Asker, _case: Case | None) -> str:
    """Who administers, and who audits."""
    return OK if asker.ever("administer") or asker.ever("audit") else FORBIDDEN


#: route → the ways to knock; None as rule: open to whoever comes, signed in or not
WAYS: dict[str, tuple[Way, ...]] = {
    "GET /": (Way("/", None),),
    "GET /sign-in": (Way("/sign-in", None),),
    "POST /sign-in": (Way("/sign-in", None),),
    "GET /sign-in/code": (Way("/sign-in/code", None),),
    "GET /sign-in/provider": (Way("/sign-in/provider", None),),
    "GET /sign-in/provider/back": (Way("/sign-in/provider/back", None),),
    "GET /sign-in/link/{token}": (Way("/sign-in/link/none", None),),
    "POST /sign-in/link/{token}": (Way("/sign-in/link/none", None),),
    "POST /sign-in/code": (Way("/sign-in/code", None),),
    "POST /sign-out": (Way("/sign-out", None),),
    "POST /switch": (Way("/switch", None),),
    "POST /demo/as": (Way("/demo/as", None),),
    "GET /demo/ladder": (Way("/demo/ladder", None),),
    "GET /language": (Way("/language", None),),
    "GET /display": (Way("/display", None),),
    "POST /display": (Way("/display", None),),
    "GET /static/{name}": (Way("/static/sw.js", None),),
    "GET /design": (Way("/design", None),),
    "GET /design/{name}": (Way("/design/design", None),),
    "GET /sw.js": (Way("/sw.js", None),),
    "GET /openapi.json": (Way("/openapi.json", None),),
    "GET /asyncapi.json": (Way("/asyncapi.json", None),),
    "GET /healthz": (Way("/healthz", None),),
    "GET /readyz": (Way("/readyz", None),),
    "GET /metrics": (Way("/metrics", None),),
    # the person's own
    "GET /password": (Way("/password", everybody, None),),
    "POST /password": (Way("/password", everybody, None, **form(old="x")),),
    "POST /sign-out/everywhere": (Way("/sign-out/everywhere", everybody, None, **form()),),
    **{
        f"{method} {path}": (Way(path, everybody, None, **(form() if method == "POST" else {})),)
        for method, path in (
            ("GET", "/account"),
            ("GET", "/account/filters"),
            ("POST", "/account/filters"),
            ("POST", "/account/filters/rename"),
            ("POST", "/account/filters/delete"),
            ("GET", "/account/tokens"),
            ("POST", "/account/tokens"),
            ("POST", "/account/tokens/end"),
            ("GET", "/leave"),
            ("POST", "/leave"),
            ("POST", "/leave/back"),
            ("POST", "/account/news"),
            ("POST", "/account/sessions/end"),
            ("POST", "/account/sessions/others"),
            ("GET", "/account/second-factor"),
            ("POST", "/account/second-factor"),
            ("GET", "/account/second-factor/codes"),
            ("POST", "/account/second-factor/codes"),
            ("GET", "/account/second-factor/off"),
            ("POST", "/account/second-factor/off"),
        )
    },
    # administration: looked at with a token of its scope, changed in person only
    "GET /admin": (Way("/admin", ever("administer"), "admin"),),
    "GET /admin/people/{person}": (Way(f"/admin/people/node:{STREET}:clerk", ever("administer"), "admin"),),
    "GET /admin/tokens": (Way("/admin/tokens", ever("administer"), "admin"),),
    "GET /admin/sessions": (Way("/admin/sessions", ever("administer"), "admin"),),
    "GET /admin/log": (Way("/admin/log", administration_log, "admin"),),
    "GET /admin/calendar": (Way("/admin/calendar", ever("administer"), "admin"),),
    "GET /admin/tree": (Way("/admin/tree", ever("administer"), "admin"),),
    "GET /admin/tree/doors": (Way("/admin/tree/doors?at=130403011-D01-X1", ever("administer"), "admin"),),
    "GET /admin/seats/{seat}": (Way("/admin/seats/unit:XF:liaison", ever("administer"), "admin"),),
    "GET /admin/units": (Way("/admin/units", ever("administer"), "admin"),),
    "GET /admin/units/{unit}": (Way("/admin/units/XF", ever("administer"), "admin"),),
    **{
        f"POST /admin/{path}": (Way(f"/admin/{at}", ever("administer"), None, **form(node=STREET)),)
        for path, at in (
            ("calendar", "calendar"),
            ("calendar/remove", "calendar/remove"),
            ("calendar/confirm", "calendar/confirm"),
            ("calendar/again", "calendar/again"),
            ("tree/name", "tree/name"),
            ("tree/add", "tree/add"),
            ("tree/end", "tree/end"),
            ("seats/{seat}", "seats/unit:XF:liaison"),
            ("units/add", "units/add"),
            ("units/{unit}", "units/XF"),
            ("units/{unit}/rota", "units/XF/rota"),
            ("units/{unit}/end", "units/XF/end"),
        )
    },
    "GET /admin/import": (Way("/admin/import", ever("administer"), "admin"),),
    "GET /admin/import/template": (Way("/admin/import/template", ever("administer"), "admin"),),
    **{
        f"POST {path}": (Way(path, ever("administer"), None, **form()),)
        for path in (
            "/admin/import",
            "/admin/import/apply",
            "/admin/people/{person}/link",
            "/admin/people/{person}/second-factor",
            "/admin/people/{person}/identity",
            "/admin/sessions/end",
            "/admin/tokens",
            "/admin/tokens/revoke",
        )
    },
    # the rules as text: looked at and tried with a token, proposed and decided in person only
    "GET /rules": (Way("/rules", ever("rules")),),
    "GET /rules/{kind}": (Way("/rules/duties", ever("propose-rules")),),
    "GET /rules/{kind}/history": (Way("/rules/duties/history", ever("rules")),),
    "GET /rules/{kind}/{version}": (Way("/rules/duties/1", ever("rules")),),
    "GET /rules/proposal/{id}": (Way(f"/rules/proposal/{NOTHING}", nothing_of("rules")),),
    "POST /rules/{kind}/check": (Way("/rules/duties/check", ever("propose-rules"), **form(text="")),),
    "POST /rules/{kind}": (Way("/rules/duties", ever("propose-rules"), None, **form(text="")),),
    "POST /rules/proposal/{id}/{decision}": (
        Way(f"/rules/proposal/{NOTHING}/approve", ever("decide-rules"), None, **form()),
    ),
    "POST /rules/draft/{id}/refuse": (Way(f"/rules/draft/{NOTHING}/refuse", ever("decide-rules"), None, **form()),),
    # whoever is signed in; what a list holds is asked of the table row by row
    "GET /home": (Way("/home", everybody),),
    "GET /places": (Way("/places?q=dms", everybody),),
    "GET /categories": (Way("/categories?q=xftd", everybody),),
    "GET /places/near": (Way("/places/near?latitude=36.6&longitude=114.5", ever("raise")),),
    "GET /places/{code}/door.svg": (Way(f"/places/{STREET}/door.svg", everybody),),
    "GET /all": (Way("/all", everybody),),
    "GET /all/export": (Way("/all/export", everybody),),
    "GET /holds": (Way("/holds", everybody),),
    "GET /api/v1/me": (Way("/api/v1/me", everybody),),
    "GET /api/v1/nodes": (Way("/api/v1/nodes", everybody),),
    "GET /api/v1/nodes/near": (Way("/api/v1/nodes/near?latitude=36.6&longitude=114.5", ever("raise")),),
    "GET /api/v1/leave": (Way("/api/v1/leave", everybody),),
    "POST /api/v1/leave": (Way("/api/v1/leave", everybody, "act", b"{}"),),
    "POST /api/v1/leave/back": (Way("/api/v1/leave/back", everybody, "act", b'{"person": 1}'),),
    "GET /api/v1/units": (Way("/api/v1/units", everybody),),
    "GET /api/v1/duties": (Way("/api/v1/duties", everybody),),
    "GET /api/v1/policies": (Way("/api/v1/policies", everybody),),
    "GET /api/v1/holds": (Way("/api/v1/holds", everybody),),
    "GET /api/v1/whistles": (Way("/api/v1/whistles", everybody),),
    # roles
    "GET /chain": (Way("/chain", ever("chain")),),
    "GET /api/v1/chain": (Way("/api/v1/chain", ever("chain")),),
    "GET /chain/raise": (Way("/chain/raise", ever("send-up")),),
    "POST /chain/raise": (Way("/chain/raise", ever("send-up"), "raise", **form(body="")),),
    "GET /desk": (Way("/desk", ever("desk")),),
    "GET /desk/{pane}": (Way("/desk/requests", ever("desk")), Way("/desk/dead", LETTERS)),
    "POST /desk/clock/confirm": (Way("/desk/clock/confirm", ever("confirm-clock"), "act", **form(at="2026-01-01")),),
    "POST /desk/repeats": (Way("/desk/repeats", ever("desk"), "act", **form(action="take")),),
    "POST /api/v1/desk/repeats": (Way("/api/v1/desk/repeats", ever("desk"), "act", b"{}"),),
    "POST /api/v1/desk/clock": (Way("/api/v1/desk/clock", ever("confirm-clock"), "act", b"{}"),),
    "GET /api/v1/desk/letters": (Way("/api/v1/desk/letters", LETTERS, "admin"),),
    "GET /api/v1/desk/letters/{id}": (Way(f"/api/v1/desk/letters/{NOTHING}", no_letter, "admin"),),
    "POST /api/v1/desk/letters": (Way("/api/v1/desk/letters", LETTERS, "admin", b"{}"),),
    "GET /api/v1/desk": (Way("/api/v1/desk", ever("desk")),),
    "GET /desk/dead/{id}": (Way(f"/desk/dead/{NOTHING}", no_letter, "admin"),),
    "POST /desk/dead/many": (Way("/desk/dead/many", LETTERS, "admin", **form()),),
    "POST /desk/dead/{id}/{action}": (Way(f"/desk/dead/{NOTHING}/discard", no_letter, "admin", **form(why="x")),),
    "GET /queue": (Way("/queue", own_queue), Way("/queue?unit=ZJ", queue_of("ZJ"))),
    "GET /queue/load": (Way("/queue/load", own_queue), Way("/queue/load?unit=ZJ", queue_of("ZJ"))),
    "GET /queue/export": (Way("/queue/export", own_queue), Way("/queue/export?unit=ZJ", queue_of("ZJ"))),
    "POST /bulk": (Way("/bulk", own_queue, "act", **form(action="report-in")),),
    "GET /api/v1/queues/{unit}": (
        Way("/api/v1/queues/XF", queue_of("XF")),
        Way("/api/v1/queues/JD-130403011", queue_of("JD-130403011")),
        Way("/api/v1/queues/JD-130403010", queue_of("JD-130403010")),
    ),
    "GET /street": (Way("/street", street_list),),
    "GET /street/export": (Way("/street/export", street_list),),
    "GET /whistle": (Way("/whistle", ever("raise")),),
    "POST /whistle": (Way("/whistle", ever("raise"), "raise", **form(step="send", body="")),),
    "POST /whistle/preview": (Way("/whistle/preview", ever("raise"), **form(body="")),),
    "POST /whistle/photo": (Way("/whistle/photo", ever("photo"), "raise", **upload("photo")),),
    "POST /api/v1/whistles": (Way("/api/v1/whistles", ever("raise"), "raise", b"{}"),),
    "POST /api/v1/routing/explain": (Way("/api/v1/routing/explain", ever("raise"), body=b"{}"),),
    "POST /api/v1/photos": (Way("/api/v1/photos", ever("photo"), "act", **upload("file")),),
    "GET /events": (
        Way("/events?on=all", everybody),
        Way("/events?on=desk", ever("desk")),
        Way("/events?on=queue", own_queue),
    ),
    # one whistle
    "GET /w/{number}": (Way("/w/{number}", on("read")),),
    "GET /w/{number}/receipt": (Way("/w/{number}/receipt", on("read")),),
    "GET /w/{number}/reporter": (Way("/w/{number}/reporter", on("reporter")),),
    "POST /w/{number}/reporter": (Way("/w/{number}/reporter", on("reporter"), "act", **form(reason="?")),),
    "POST /api/v1/whistles/{ref}/reporter": (
        Way("/api/v1/whistles/{number}/reporter", on("reporter"), "act", b'{"reason": "?"}'),
    ),
    "GET /w/{number}/strip": (Way("/w/{number}/strip", on("read")),),
    "GET /w/{number}/who": (Way("/w/{number}/who", on("read")),),
    "GET /w/{number}/slip": (Way("/w/{number}/slip", on("read")),),
    "GET /w/{number}/do/{token}": (Way("/w/{number}/do/verify-yes", on("verify")),),
    "POST /w/{number}/do/{token}": (
        Way("/w/{number}/do/verify-yes", on("verify"), "act", **form(version=0)),
        Way("/w/{number}/do/resolve", on("resolve"), "act", **upload("photos")),
    ),
    "POST /chain/{number}/answer": (Way("/chain/{number}/answer", on("note", "send-up"), "act", **form(answer="?")),),
    "POST /desk/{number}/assign": (Way("/desk/{number}/assign", on("assign", "desk"), "act", **form()),),
    "GET /api/v1/whistles/{ref}": (Way("/api/v1/whistles/{number}", on("read")),),
    "GET /api/v1/whistles/{ref}/deadline": (Way("/api/v1/whistles/{number}/deadline", on("read")),),
    "GET /api/v1/photos/{id}": (Way(f"/api/v1/photos/{PHOTO}?whistle={{number}}", on("read")),),
    "POST /api/v1/actions": (
        Way("/api/v1/actions", on("urge"), "act", b'[{"ref": "{number}", "action": "urge", "version": 0}]'),
    ),
    "POST /api/v1/whistles/{ref}/actions/{action}": (
        Way("/api/v1/whistles/{number}/actions/nothing", lambda _asker, _case: NOT_FOUND, "act"),
    ),
    **{
        f"POST /api/v1/whistles/{{ref}}/actions/{action}": (
            Way(f"/api/v1/whistles/{{number}}/actions/{action}", on(action), "act", b'{"version": "?"}'),
        )
        for action in ACTS
    },
}


def routes_of(app: Any) -> Iterator[str]:
    """Every route that the application answers, as `METHOD path`, asked of the application itself."""
    while not hasattr(app, "routes"):
        app = app._app
    yield "POST /api/v1/whistles"  # the hot path, before the framework
    for route in app.routes:
        for one in route.effective_route_contexts() if hasattr(route, "effective_route_contexts") else (route,):
            if not hasattr(one, "methods"):
                continue  # the mount of /static
            yield from (f"{method} {one.path}" for method in one.methods or ("GET",) if method != "HEAD")

"""Whatever a page does, a program can do: every act of a page has its call of the API, or a reason why it has none."""

from __future__ import annotations

from dispatch.web.api.acts import ACTS
from dispatch.web.whistle.forms import ASKS
from tests.factories import World
from tests.web.walking import routes_of

ACT = "POST /api/v1/whistles/{ref}/actions/{action}"
RAISE, PHOTO, EXPLAIN = "POST /api/v1/whistles", "POST /api/v1/photos", "POST /api/v1/routing/explain"
LETTERS = "POST /api/v1/desk/letters"
NOTE, ARRIVE, SEND_UP, ASSIGN, ADD_CHILD = (
    f"POST /api/v1/whistles/{{ref}}/actions/{action}" for action in ("note", "arrive", "send-up", "assign", "add-child")
)

#: the act of a page → the calls that do the same
TWINS: dict[str, tuple[str, ...]] = {
    "POST /whistle": (RAISE, ADD_CHILD, NOTE, EXPLAIN),
    "POST /whistle/preview": (EXPLAIN, "GET /api/v1/nodes", "GET /api/v1/whistles"),
    "POST /whistle/photo": (PHOTO,),
    "POST /chain/raise": (RAISE, PHOTO, SEND_UP),
    "POST /chain/{number}/answer": (NOTE, ARRIVE, PHOTO),
    "POST /w/{number}/do/{token}": (ACT, PHOTO),
    "POST /w/{number}/reporter": ("POST /api/v1/whistles/{ref}/reporter",),
    "POST /bulk": ("POST /api/v1/actions",),
    "POST /desk/{number}/assign": (ASSIGN,),
    "POST /desk/repeats": ("POST /api/v1/desk/repeats",),
    "POST /desk/clock/confirm": ("POST /api/v1/desk/clock",),
    "POST /desk/dead/many": (LETTERS,),
    "POST /desk/dead/{id}/{action}": (LETTERS,),
    "POST /leave": ("POST /api/v1/leave",),
    "POST /leave/back": ("POST /api/v1/leave/back",),
}

SIGNING_IN = "how a person comes in and goes; a program comes with its token"
SCREEN = "how the pages look to this person; a program sees none"
OWN_KEYS = "a person's own keys: a token must not make, bind or end what signs its person in"
ADMINISTRATION = "changed in person, with the password asked anew: a leaked token must not change who holds what"
RULES = "proposed by one person and decided by another, both in person; files are tried by `dispatch check`"

#: acts that have none, and why
NONE: dict[str, str] = {
    **dict.fromkeys(
        (
            "POST /sign-in", "POST /sign-in/code", "POST /sign-in/link/{token}", "POST /sign-out",
            "POST /sign-out/everywhere", "POST /switch", "POST /demo/as",
        ),
        SIGNING_IN,
    ),
    **dict.fromkeys(
        (
            "POST /display", "POST /account/filters", "POST /account/filters/rename", "POST /account/filters/delete",
            "POST /account/news",
        ),
        SCREEN,
    ),
    **dict.fromkeys(
        (
            "POST /password", "POST /account/tokens", "POST /account/tokens/end", "POST /account/sessions/end",
            "POST /account/sessions/others", "POST /account/second-factor", "POST /account/second-factor/codes",
            "POST /account/second-factor/off",
        ),
        OWN_KEYS,
    ),
    **dict.fromkeys(
        (
            "POST /admin/import", "POST /admin/import/apply", "POST /admin/tree/name", "POST /admin/tree/add",
            "POST /admin/tree/end", "POST /admin/seats/{seat}", "POST /admin/units/add", "POST /admin/units/{unit}",
            "POST /admin/units/{unit}/rota", "POST /admin/units/{unit}/end", "POST /admin/calendar",
            "POST /admin/calendar/remove", "POST /admin/calendar/confirm", "POST /admin/calendar/again",
            "POST /admin/tokens", "POST /admin/tokens/revoke", "POST /admin/people/{person}/link",
            "POST /admin/people/{person}/second-factor", "POST /admin/people/{person}/identity",
            "POST /admin/sessions/end",
        ),
        ADMINISTRATION,
    ),
    **dict.fromkeys(
        (
            "POST /rules/{kind}", "POST /rules/{kind}/check", "POST /rules/proposal/{id}/{decision}",
            "POST /rules/draft/{id}/refuse",
        ),
        RULES,
    ),
}  # fmt: skip


def test_every_act_of_a_page_has_its_call_or_says_why_not(world: World) -> None:
    known = set(routes_of(world.app))
    acts = {route for route in known if not route.startswith("GET ") and " /api/" not in route}
    assert not TWINS.keys() & NONE.keys()
    assert acts == TWINS.keys() | NONE.keys()
    called = {call for calls in TWINS.values() for call in calls}
    assert called <= known, called - known


def test_every_act_on_a_whistle_s_page_is_an_action_of_the_api(world: World) -> None:
    known = set(routes_of(world.app))
    for token, asks in ASKS.items():
        assert asks.action in ACTS, token
        assert f"POST /api/v1/whistles/{{ref}}/actions/{asks.action}" in known, token

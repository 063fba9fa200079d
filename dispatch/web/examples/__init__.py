"""Each page filled with invented texts: for `/design`, the template tests and the screenshots.

`EXAMPLES` maps a name to its template and model; nothing in it comes from a database, no name in it is a
real person's.
"""

from __future__ import annotations

from dispatch.web.examples import account, action, chain, design, desk, entry, form, load, paper, queue, rules, whistle

Example = tuple[str, object]

EXAMPLES: dict[str, Example] = {
    "landing": ("landing.html", entry.LANDING),
    "sign-in": ("sign_in.html", entry.SIGN_IN),
    "sign-in-error": ("sign_in.html", entry.SIGN_IN_ERROR),
    "password": ("password.html", entry.PASSWORD),
    "account": ("manage.html", account.ACCOUNT),
    "step-up": ("manage.html", account.STEP_UP),
    "display": ("display.html", entry.DISPLAY),
    "error": ("error.html", entry.ERROR),
    "form-empty": ("form.html", form.EMPTY),
    "form": ("form.html", form.TYPED),
    "form-errors": ("form.html", form.ERRORS),
    "check": ("check.html", form.CHECK),
    "receipt": ("receipt.html", form.RECEIPT),
    "receipt-waiting": ("receipt.html", form.RECEIPT_WAITING),
    "whistle": ("whistle.html", whistle.PAGE),
    "whistle-street": ("whistle.html", whistle.STREET),
    "whistle-conflict": ("whistle.html", whistle.CONFLICT),
    "action": ("action.html", action.HAND_BACK),
    "action-resolve": ("action.html", action.RESOLVE),
    "slip": ("slip.html", paper.SLIP),
    "doors": ("doors.html", paper.DOORS),
    "queue": ("queue.html", queue.QUEUE),
    "queue-empty": ("queue.html", queue.EMPTY),
    "queue-selecting": ("queue.html", queue.SELECTING),
    "queue-inform": ("queue.html", queue.INFORMED),
    "load": ("load.html", load.LOAD),
    "list": ("queue.html", queue.STREET_LIST),
    "chain": ("chain.html", chain.COMMUNITY),
    "building": ("building.html", chain.BUILDING),
    "building-empty": ("building.html", chain.BUILDING_EMPTY),
    "desk": ("desk.html", desk.DESK),
    "rules-edit": ("rules_edit.html", rules.EDIT),
    "rules-broken": ("rules_edit.html", rules.BROKEN),
    "rules-change": ("rules_change.html", rules.CHANGE),
}
EXAMPLES["design"] = ("design.html", design.design(tuple(EXAMPLES)))

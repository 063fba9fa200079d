"""现在还不能…: what is somebody's to do on a whistle, but not now, and why."""

from dispatch.steps.view import WhistleView
from dispatch.web import problems, words
from dispatch.web.i18n import _


def barred(view: WhistleView) -> tuple[tuple[str, str], ...]:
    """What is this reader's to do, but not now: each reason once, with all that it holds back."""
    reasons: dict[str, list[str]] = {}
    for action, why in view.hindrances.items():
        reasons.setdefault(problems.said(why), []).append(words.button(action))
    return tuple((reason, _("、").join(acts)) for reason, acts in reasons.items())

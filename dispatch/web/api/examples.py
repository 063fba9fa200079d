"""Examples for the document: what each action is sent, and what each call typically answers."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

_RATING = {"responded": True, "solved": True, "satisfied": "satisfied"}

#: action → a body; of a whistle that ZJ leads, in street 130403011
ACTIONS: Mapping[str, Mapping[str, Any]] = {
    # the units
    "report-in": {"version": 2},
    "arrive": {"version": 2, "latitude": 36.61, "longitude": 114.5, "note": "已到楼下"},
    "leave": {"version": 3, "reason": "转去另一处险情"},
    "note": {"version": 3, "text": "电工已约好，下午换灯"},
    "resolve": {"version": 3, "reply": "楼道灯已换新，物业每周巡查", "reason": "一家能办，协办不必到场"},
    "hand-back": {"version": 2, "reason": "这是供电的线路", "clause": "216", "to": "DL"},
    "request-extension": {"version": 3, "until": "2026-07-31T18:00:00+08:00", "reason": "灯具停产，等配件到货"},
    "request-hold": {"version": 3, "reason": "要等业主大会表决", "review_on": "2026-08-01"},
    "withdraw": {"version": 4, "kind": "hold"},
    "explain": {"version": 3, "text": "配件明天到，后天办完"},
    "sign-instruction": {"version": 3},
    "object": {"version": 7, "text": "当天修好，照片可查"},
    # the street
    "call": {"version": 3, "unit": "CG", "role": "assist"},
    "keep": {"version": 2, "reason": "街道力量够，自己办"},
    "verify": {"version": 4, "accepted": False, "reason": "partly", "note": "二单元的灯还不亮"},
    "feedback": {"version": 5, "reply": "楼道灯已经修好，有事请再打来"},
    "callback": {"version": 6, "reached": True, **_RATING},
    "evaluate": {"version": 6, "unit": "ZJ", **_RATING},
    "close": {"version": 7},
    "cancel": {"version": 2, "reason": "来源人说已自行解决"},
    "request-cancel": {"version": 3, "reason": "来源人说已自行解决"},
    "transfer": {"version": 2, "to": "130403010"},
    "accept-transfer": {"version": 3},
    "decline-transfer": {"version": 3},
    "deny-arrival": {"version": 3, "unit": "ZJ"},
    "reopen": {"version": 8, "reason": "来源人回电：灯又不亮了"},
    "add-child": {"version": 3, "body": "3号楼下水道也堵了", "place": "130403011-D01"},
    # the desk
    "assign": {"version": 1, "lead": "MZ", "assist": ["JD-130403011"], "reason": "民政牵头最合适", "remember": True},
    "rule": {"version": 3, "upheld": True, "to": "DL", "reason": "线路归供电"},
    "decide-extension": {"version": 4, "granted": True, "until": "2026-07-20T18:00:00+08:00", "reason": "请按期办结"},
    "decide-hold": {"version": 4, "granted": True},
    "decide-cancel": {"version": 4, "granted": True, "reason": "来源人已确认"},
    "decide-objection": {"version": 8, "granted": True, "reason": "照片属实"},
    "decide-review": {"version": 6, "granted": True, "reason": "看过现场，确实没有办完"},
    "resume": {"version": 5},
    "merge": {"version": 2, "into": "2600000391"},
    "unmerge": {"version": 3},
    # the chain
    "urge": {"version": 2, "text": "今天之内请到现场"},
    "instruct": {"version": 2, "text": "三天之内办好，报我"},
    "take-over": {"version": 3},
    "send-down": {"version": 4},
    "send-up": {"version": 1, "reason": "楼里办不了"},
    "consult": {
        "version": 3, "units": ["ZJ", "CG"], "at": "2026-06-18T09:00:00+08:00", "text": "一起定由谁换线",
    },
    "decide-consult": {"version": 4, "granted": True, "at": "2026-06-19T09:00:00+08:00"},
    "minutes": {"version": 5, "text": "议定由供电换线，住建换灯", "decisions": ["供电三日内换线"]},
}  # fmt: skip


@cache
def answers() -> Mapping[str, Any]:
    """Name of an answer's schema → a typical one, as the demo district gave it, shortened."""
    found: Mapping[str, Any] = orjson.loads((Path(__file__).parent / "answers.json").read_bytes())
    return found

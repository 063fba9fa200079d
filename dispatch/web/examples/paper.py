"""What is printed: the slip of a whistle, the sheet of a compound's doors."""

from dispatch.web.examples.whistle import FRAME
from dispatch.web.models.manage import Door, DoorsPage
from dispatch.web.models.parts import spans, strong
from dispatch.web.models.whistle import SlipPage
from dispatch.web.qr import door, qr
from dispatch.web.say import spoken_number

SLIP = SlipPage(
    frame=FRAME,
    paper_number="丛吹〔2026〕2600003173号",
    spoken=spoken_number("2600003173"),
    street="东柳街道",
    at="2026年6月18日（周四）09:14",
    place="东柳街道 广泰社区 广泰小区 3号楼",
    text="广泰小区3号楼楼道消防门被锁。",
    category="301 消防通道锁堵",
    source="主动发现",
    lead="消防救援大队",
    assist="住建局、东柳街道综合执法队",
    limit=spans(strong("2 小时"), "（连续计时），2026年6月18日 11:14 到期；09:44 前到场。"),
    basis="《中华人民共和国消防法》第二十八条；示例责任清单第 301 项。时限为示例。",
    printed="2026年6月18日 09:15",
    qr=qr("http://example.test/w/2600003173"),
    back="/w/2600003173",
)

DOORS = DoorsPage(
    frame=FRAME,
    title="广泰小区",
    back="/admin/tree?at=130403011-D01-X1",
    doors=tuple(
        Door(
            f"{n}号楼",
            f"东柳街道 › 广泰社区 › 广泰小区 › {n}号楼",
            f"130403011-D01-X1-B{n}",
            door("http://example.test", f"130403011-D01-X1-B{n}"),
        )
        for n in range(1, 8)
    ),
)

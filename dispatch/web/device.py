"""What somebody is signed in from, in two words: WeChat・Android."""

_SYSTEMS = (("HarmonyOS", "鸿蒙"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
            ("Windows", "Windows"), ("Mac OS X", "Mac"), ("Linux", "Linux"))  # fmt: skip
#: the first that is named decides: most browsers name others as well
_BROWSERS = (("MicroMessenger", "微信"), ("wxwork", "企业微信"), ("DingTalk", "钉钉"), ("Lark", "飞书"),
             ("HuaweiBrowser", "华为浏览器"), ("MiuiBrowser", "小米浏览器"), ("QQBrowser", "QQ 浏览器"),
             ("UCBrowser", "UC 浏览器"), ("360SE", "360 浏览器"), ("Edg/", "Edge"), ("Firefox/", "Firefox"),
             ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip


def device_of(user_agent: str) -> str:
    """Browser and system of a `User-Agent` header; empty where neither is known."""
    browser = next((said for mark, said in _BROWSERS if mark in user_agent), "")
    system = next((said for mark, said in _SYSTEMS if mark in user_agent), "")
    return "・".join(part for part in (browser, system) if part)

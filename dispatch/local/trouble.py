"""What stops a start, said in one line with the remedy."""


class Trouble(Exception):
    """Something the person at the terminal can mend. `what` is the fact, `remedy` what to do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy

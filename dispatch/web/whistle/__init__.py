"""One whistle's pages for every role: the page itself, its actions, receipt, slip, deadline, photos."""

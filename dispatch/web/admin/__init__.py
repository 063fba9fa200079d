"""管理: people and how they get in, programs' tokens, who is signed in where, the log of administration."""

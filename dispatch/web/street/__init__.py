"""The street's pages: the form, what happens if it is sent, the street's list."""

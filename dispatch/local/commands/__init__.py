"""The commands, a module for each group; each has `register(app)`."""

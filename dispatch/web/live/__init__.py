"""Live updates: one listener a process, and to each page only word of what its person may see."""

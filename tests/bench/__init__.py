"""Figures of the hot paths, each a ratio against a bare loop in the same run: `make bench`."""

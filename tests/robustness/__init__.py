"""Runs that are killed, starved and disturbed."""

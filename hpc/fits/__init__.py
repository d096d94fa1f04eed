"""Fits: runs of a scenario with other values, evaluated in memory, against measured data."""

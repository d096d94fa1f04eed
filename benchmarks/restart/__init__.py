"""Restarts of one simulation with other numbers: seconds of each part, and whether anything grows."""

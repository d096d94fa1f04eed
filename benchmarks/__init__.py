"""Measurements of speed; not part of the tests, which check only that the counts are right."""

"""Tests that run on 1, 2 and 3 ranks."""

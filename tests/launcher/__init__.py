"""Tests of the command `invasio` itself: environment, ranks, signals."""

"""Tests of invasio.solver.output."""

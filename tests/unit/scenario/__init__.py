"""Tests of invasio.solver.scenario."""

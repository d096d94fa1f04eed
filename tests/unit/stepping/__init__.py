"""Tests of invasio.solver.stepping."""

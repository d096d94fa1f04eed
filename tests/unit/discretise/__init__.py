"""Tests of invasio.solver.discretise."""

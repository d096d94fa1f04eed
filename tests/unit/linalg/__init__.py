"""Tests of invasio.solver.linalg."""

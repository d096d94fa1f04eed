"""Tests of invasio.solver.model."""

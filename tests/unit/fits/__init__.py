"""Tests of invasio.hpc."""

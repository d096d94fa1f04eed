"""Tests of jobs on a real Slurm of one node."""

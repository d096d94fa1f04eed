"""Sweeps: their folder, running them here over cores, submitting them as a Slurm array."""

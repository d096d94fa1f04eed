"""Job scripts for Slurm, and questions to its queue."""

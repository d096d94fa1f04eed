"""Site profiles: what a cluster wants in a job script."""

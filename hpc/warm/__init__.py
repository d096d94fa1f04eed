"""Compiling beforehand what runs need: small cases with every term, and the script that runs them where a job will look."""

DIMS = (1, 2, 3)  # of the scenarios that there are

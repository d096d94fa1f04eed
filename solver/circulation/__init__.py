"""From the wall of a vessel to the metastasis: a Markov chain with branching, its means and its drawn histories. NumPy and SciPy only."""

"""The same problem in invasio, in plain DOLFINx, FiPy and scikit-fem: error against processor time."""

"""The same problem in invasio, in plain DOLFINx and in FiPy: error against processor time."""

"""The same problem in invasio, in plain DOLFINx, FiPy, scikit-fem and py-pde: error against processor time."""

"""The same two problems in invasio and in other codes (DOLFINx, FiPy, scikit-fem, NGSolve, py-pde): error against processor time."""

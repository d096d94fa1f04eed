"""Reads run folders on a laptop, without FEniCS."""

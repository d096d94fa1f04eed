"""The parts of a model in time: each advances its own variables; solver/stepping orders them."""

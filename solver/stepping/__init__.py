"""The time step, its schedule and the loop."""

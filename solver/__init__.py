"""The solver: from a scenario to a run folder."""

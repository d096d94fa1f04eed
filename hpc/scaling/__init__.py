"""How a scenario scales with the number of ranks: measured here, predicted beyond."""

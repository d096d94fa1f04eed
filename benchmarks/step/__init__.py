"""What one time step costs: core-microseconds per node, bytes, messages, and how near that is to the memory's limit."""

"""What a run will cost, estimated from its scenario alone."""

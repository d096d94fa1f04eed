"""What outputs and checkpoints cost, beside a plain write of the same bytes and the time of a step."""

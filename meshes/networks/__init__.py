"""Networks of vessels in the formats that people have."""

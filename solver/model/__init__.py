"""Balance laws and the biology blocks that expand to them; nothing numerical."""

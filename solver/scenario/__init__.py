"""The scenario language: schema, loader, expressions, units."""

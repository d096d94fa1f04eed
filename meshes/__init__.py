"""Meshes: generators, importers, quality; everything becomes a Domain."""

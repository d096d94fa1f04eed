"""Recipes for containers and conda, written from the list of packages that the launcher uses."""

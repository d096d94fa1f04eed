"""Clusters, environments and process launching."""

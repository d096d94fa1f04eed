"""Fields that are given from elsewhere, at the nodes of a mesh: single cells, earlier runs."""

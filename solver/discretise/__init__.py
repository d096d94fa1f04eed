"""From a model on a domain to arrays and operators on one edge graph."""

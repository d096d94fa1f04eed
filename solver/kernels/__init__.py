"""Pure functions on arrays, compiled: edge fluxes, the limiter, nodal passes; no state, no communication."""

"""Edge fluxes and the positivity limiter."""

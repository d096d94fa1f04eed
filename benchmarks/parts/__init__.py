"""Set-up on a large mesh file and on a large picture: first run, second run, by ranks."""

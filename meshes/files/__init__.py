"""What mesh and network files hold, read through the libraries that know their formats."""

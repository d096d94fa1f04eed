"""Readers of pictures and volumes: what a file says of axes, colours, sizes and orientation, by the library of its format."""

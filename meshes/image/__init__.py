"""Meshes from pictures, label images and label volumes."""

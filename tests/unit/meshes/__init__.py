"""Tests of invasio.meshes."""

"""Tests of invasio.postprocess."""

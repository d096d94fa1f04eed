"""The tests of invasio."""

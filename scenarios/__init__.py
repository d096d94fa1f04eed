"""Scenarios that ship with invasio."""

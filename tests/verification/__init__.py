"""Tests against closed forms, manufactured solutions and other codes."""

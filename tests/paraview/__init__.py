"""Tests of what ParaView and VTK see."""

"""ParaView: the standard views of a run as a script, and scripts for ParaView's own Python (views.py, render.py; not to be imported)."""

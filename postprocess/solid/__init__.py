"""Pictures of bodies in space, drawn with NumPy alone: no screen, no graphics library, the same pixels everywhere."""

"""Scripts for ParaView's own Python (pvbatch); nothing here is imported by the rest."""

"""Franssen's problem in invasio and in MetaSpread: cells and ECM of the primary site, and the processor time of a history."""

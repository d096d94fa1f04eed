"""Ledger and observables."""

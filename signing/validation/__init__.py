"""Validation after EN 319 102-1: pure over the evidence given."""

"""Simulated agencies: their people, software and neighbours, what they measure. Knows the axis and the signatures; nobody below knows it."""

"""Simulated agencies: their people, software and neighbours, what they measure. Knows axis and signatures; nobody below knows it."""

"""Faults at work: the parts of a running service are killed, stopped and cut off by a seeded schedule, while documents come in."""

"""Celery workers: they run the axis' stages when a bell rings, and look for themselves when none does. They carry no document."""

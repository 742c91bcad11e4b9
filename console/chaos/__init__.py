"""``truc chaos``: a whole service on this machine, struck by a seeded schedule while documents come in."""

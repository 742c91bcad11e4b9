"""``truc load``: what is asked for, how it goes on, and what came out, for a screen, a page and a machine."""

"""What operators do by hand: ``truc admin``."""

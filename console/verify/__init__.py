"""``truc verify``: open, judge, tell. Each file of this package does one of the three; nothing here decides what a signature is worth."""

"""Load: a corpus signed beforehand, an open loop of submissions, receivers as agencies have them, and a reckoning at the end."""

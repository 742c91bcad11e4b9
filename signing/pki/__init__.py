"""A PKI as a function of a description and a moment."""

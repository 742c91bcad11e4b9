"""Signature formats: bytes in, bytes out."""

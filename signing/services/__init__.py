"""The PKI over HTTP: thin ASGI applications over its pure functions."""

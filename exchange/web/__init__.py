"""The axis behind HTTP: routes that parse, call one method and render. What is decided is decided in :mod:`exchange.axis`."""

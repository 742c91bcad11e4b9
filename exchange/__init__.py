"""The axis: receive, verify, route, deliver, remember. Read :mod:`exchange.api` first, then :mod:`exchange.domain.lifecycle`."""

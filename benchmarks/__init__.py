"""Ratios in one run on one machine: the raw operation, ours, a peer. Never timed tests.

    .venv/bin/python -m benchmarks            every row
    .venv/bin/python -m benchmarks --save     and a record in docs/measurements/
    .venv/bin/python -m benchmarks.whereabouts    where a run spends its time

Rows: :mod:`benchmarks.signatures`, :mod:`benchmarks.letters`, :mod:`benchmarks.simulation`; how they are timed: :mod:`benchmarks.measure`.
"""

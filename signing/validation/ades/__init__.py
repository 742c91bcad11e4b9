"""Validation of AdES signatures after ETSI EN 319 102-1 V1.4.1 (2024-06): B-B, B-T, B-LT, B-LTA. Clause numbers are that version's.

One file per building block. Everything is pure over a claim, evidence, a control time and a policy; :mod:`.door` is the way in.
"""

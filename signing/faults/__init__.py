"""The catalogue of faults: what can be wrong with a signed document, each case a named vector that can be built, explained and judged.

    every_fault()                        every vector, by group
    fault_named("seal-missing").build(SEED)   the file, the evidence and the control time: a :class:`~signing.faults.model.Case`
    rule_on(case)                        what the engine says of it

A vector is a pure function of its name and a seed: the same bytes on every machine. Words for people (English and Vietnamese) stand in
``words/*.toml``, one table per name. The catalogue as a document is ``docs/faults.md``.
"""

"""The catalogue of faults: what can be wrong with a signed document, each case a named vector that can be built, explained and judged.

    for fault in faults():               every vector, by group
    fault("seal-missing").build()        the file, the evidence and the control time: a :class:`~signing.faults.model.Case`
    ruling(case)                         what the engine says of it

A vector is a pure function of its name and a seed: the same bytes on every machine. Words for people (English and Vietnamese) stand in
``words/*.toml``, one table per name. The catalogue as a document is ``docs/faults.md``.
"""

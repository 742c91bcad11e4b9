"""The one-page administrative letter: a PDF signed by its leader, then numbered, dated and sealed by its organisation.

``content`` what it says · ``template``, ``typeset``, ``drawings``, ``page`` how it looks · ``revisions`` its bytes · ``press`` writes
and signs · ``reader`` rebuilds and compares · ``verify`` asks a validator about both signatures · ``packing`` keeps letters small.
"""

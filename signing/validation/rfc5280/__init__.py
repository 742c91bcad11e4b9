"""Path validation for any hierarchy (RFC 5280 §6), with revocation judged at a moment: the long way, for what comes from outside.

    names       names read and compared after RFC 5280 §7.1
    extensions  the extensions that path validation acts on
    objects     certificates and revocation lists as read; ocsp_response: responses
    subtrees    name constraints
    policies    the valid policy graph (RFC 9618)
    settings    what a caller may ask of a chain
    path        basic path validation (§6.1)
    build       candidate paths from a set of certificates to anchors
    crl, ocsp   what a list or a response says about a certificate at a moment
    statements  one artefact's word, and all of them settled
    revocation  whose word counts: issuers of lists and responders with chains of their own
    usage       what a key at the end of a chain is for
    engine      the door: validate_chain, ChainEngine

Each knows only those above it.
"""

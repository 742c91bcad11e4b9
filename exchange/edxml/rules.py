"""The rules a package may break, each in words: what stands behind the short names of :class:`exchange.errors.EdxmlError`."""

from __future__ import annotations

from exchange.errors import EdxmlError

RULES = {
    "attachment-too-large": "the attachment is larger than the axis takes",
    "base64": "an attachment is base64 text and nothing else",
    "comment-in-text": "no comment or instruction may stand in a text, since readers differ on what the text then is",
    "dtd": "a package may declare no document type and no entity",
    "duplicate-element": "this stands more often than it may",
    "duplicate-recipient": "a recipient may be named once",
    "future-date": "a document may not be dated in the future",
    "illegal-character": "a character stands here that no field may hold",
    "kind": "the package is not of the kind expected",
    "mismatch": "the parts of the package do not fit each other",
    "missing-field": "this must be given",
    "not-edxml": "the package is not edXML",
    "not-utf-8": "a package must be UTF-8",
    "not-well-formed": "the package is not well-formed XML",
    "organ-id": "this is not an organisation's code",
    "out-of-range": "the value is not one of those allowed",
    "sender-mismatch": "an organisation submits in its own name",
    "skeleton": "the package is not stored whole",
    "too-deep": "elements stand deeper within one another than allowed",
    "too-large": "the package is larger than the axis takes",
    "too-long": "the text is longer than allowed",
    "too-many-marks": "no language writes so many marks on one letter",
    "wrong-type": "the value is not of the kind this element holds",
}


def sentence_of(error: EdxmlError) -> str:
    """One sentence with place and rule, and what was found where that is known."""
    found = f" ({error.detail})" if error.detail else ""
    return f"{error.place}: {RULES.get(error.rule, error.rule)}{found}"


NOT_WELL_FORMED = {
    2: "no element begins here",
    3: "it ends before its elements do",
    4: "a character stands where it cannot",
    5: "it ends within a tag or a declaration",
    6: "it ends within a character",
    7: "an end tag is not that of the element that is open",
    8: "an attribute stands twice in one tag",
    9: "something follows the root element",
    11: "a reference names an entity that is not declared",
    14: "a reference names a character that XML does not have",
    17: "an XML declaration does not stand at the beginning",
    20: "a CDATA section does not end",
    30: "its XML declaration is not one",
}
"""By expat's code of an error: what the parser calls by names of its own."""

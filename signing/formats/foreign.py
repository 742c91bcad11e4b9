"""What pyHanko sees in a PDF, as plain values: the child's side of :mod:`signing.formats.pdf`, never imported by the parent's process.

It looks and does not judge: fields with their signature dictionaries, the store as it stood at each revision, and the result of pyHanko's
difference analysis. Needs the extra ``truc[foreign]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any, cast

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import EmbeddedPdfSignature

from signing.formats.foreign_active import active_content
from signing.formats.foreign_prefix import covered_reader, moved_object

MAX_FIELDS = 64
MAX_STORED = 512
_STORE_KINDS = ("/Certs", "/CRLs", "/OCSPs")


def inspect(data: bytes) -> dict[str, Any]:
    """Fields and stores of a PDF; raises whatever pyHanko does."""
    reader = PdfFileReader(BytesIO(data), strict=False)
    if reader.encrypted:
        raise ValueError("the file is encrypted")
    found = [(name, value, field) for name, value, field in enumerate_sig_fields(reader, filled_status=True)]
    if len(found) > MAX_FIELDS:
        raise ValueError(f"more than {MAX_FIELDS} signature fields")
    fields = [_field(reader, str(name), value, field) for name, value, field in found]
    stores: dict[int, list[list[bytes]]] = {}
    known: dict[tuple[int, int], tuple[str, list[list[bytes]]]] = {}
    for seen in fields:
        revision, end = seen["revision"], sum(seen["byte_range"][-2:])
        if revision is not None:
            if (revision, end) not in known:
                known[revision, end] = _by_itself(data, reader, revision, end)
            seen["moved"], stores[revision] = known[revision, end]
    return {
        "fields": fields,
        "revisions": reader.xrefs.total_revisions,
        "store": _store(reader.root),
        "stores": stores,
        "active": active_content(reader.root),
    }


def _by_itself(data: bytes, reader: PdfFileReader, revision: int, end: int) -> tuple[str, list[list[bytes]]]:
    """What a revision says only together with later bytes (empty: nothing), and the store as its own bytes have it."""
    if end >= len(data):
        return "", _store(reader.root)
    try:
        covered = covered_reader(data, end)
        return moved_object(reader, covered, revision), _store(covered.root)
    except Exception as error:  # as above: no answer is no good answer
        return f"what it covers cannot be read by itself ({type(error).__name__})", [[], [], []]


def _field(reader: PdfFileReader, name: str, value: Any, field: Any) -> dict[str, Any]:
    dictionary: Any = cast("Any", value).get_object() if isinstance(value, generic.IndirectObject) else value
    contents = dictionary.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW)
    described: dict[str, Any] = {
        "name": name,
        "type": str(dictionary.get("/Type", "/Sig")),
        "sub_filter": str(dictionary.get("/SubFilter", "")),
        "byte_range": [int(number) for number in dictionary["/ByteRange"]],
        "contents": bytes(getattr(contents, "original_bytes", contents)),
        "claimed": str(dictionary.get("/M", "")),
        "revision": None,
        "coverage": "",
        "changes": "",
        "changed_fields": [],
        "moved": "",
    }
    return described | _difference(reader, name, field)


def _difference(reader: PdfFileReader, name: str, field: Any) -> dict[str, Any]:
    """How far the signature reaches and what was changed after it, by pyHanko's default rules."""
    try:
        signature = cast("Any", EmbeddedPdfSignature(reader, field, name))  # upstream types its results too narrowly
        signature.compute_integrity_info()
    except Exception as error:  # the parser's own ways of failing on a hostile file are many; each means no answer
        return {"changes": "unknown", "reason": " ".join(f"{type(error).__name__}: {error}".split())[:200]}
    result = signature.diff_result
    seen = {"revision": signature.signed_revision, "coverage": signature.coverage.name if signature.coverage else ""}
    if result is None:
        return seen | {"changes": "NONE"}
    if isinstance(result, DiffResult):
        return seen | {"changes": result.modification_level.name, "changed_fields": sorted(map(str, result.changed_form_fields))}
    return seen | {"changes": "OTHER", "reason": " ".join(str(result).split())[:200]}


def _store(root: Any) -> list[list[bytes]]:
    """Certificates, lists and OCSP responses of the document security store, as DER."""
    try:
        store = root["/DSS"]
    except KeyError:
        return [[], [], []]
    return [list(_streams(store, kind)) for kind in _STORE_KINDS]


def _streams(store: Any, kind: str) -> Iterator[bytes]:
    references = store.get(kind, [])
    if len(references) > MAX_STORED:
        raise ValueError(f"more than {MAX_STORED} artefacts in the security store")
    for reference in references:
        item = reference.get_object()
        if isinstance(item, generic.StreamObject):  # what is not there (yet) is no artefact
            yield bytes(item.data)

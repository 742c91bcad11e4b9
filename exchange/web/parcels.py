"""A page of packages as one body: ``multipart/mixed`` (RFC 2046 §5.1.3), each part with its bytes as they are and its length beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from secrets import token_hex

from exchange.api import Envelope, PackageKind

MULTIPART = "multipart/mixed"
EDXML = "application/edxml+xml"
REFUSAL = "application/vnd.truc.refusal"
_HEADERS = 4096
"""Bytes of the headers of one part; ours have some 350."""


def media_type(kind: PackageKind) -> str:
    """What its bytes are."""
    return REFUSAL if kind is PackageKind.REFUSAL else EDXML


def said(line: Envelope) -> dict[str, str]:
    """Headers that tell of a package what its line in the mailbox does."""
    return {
        "Truc-Kind": line.kind.value, "Truc-Sender": str(line.sender), "Truc-Priority": str(line.priority),
        "Truc-Available-At": line.available_at.isoformat(),
    }  # fmt: skip


def write(parts: Sequence[tuple[Envelope, bytes | None]]) -> tuple[str, bytes]:
    """Content type and body. Nobody who wrote a package can have known the boundary; a part without bytes says where they are fetched."""
    boundary = token_hex(16)
    pieces: list[bytes] = []
    for line, data in parts:
        headers = {
            "Content-Type": media_type(line.kind), "Content-Length": str(len(data or b"")), "Truc-Package": line.package_id, **said(line),
            "Truc-Size": str(line.size), **({} if data is not None else {"Content-Location": f"/v1/mailbox/{line.package_id}"}),
        }  # fmt: skip
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        pieces += (f"--{boundary}\r\n{head}\r\n".encode("ascii"), data or b"", b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    return f"{MULTIPART}; boundary={boundary}", b"".join(pieces)


def read(content_type: str, body: bytes) -> Iterator[tuple[Mapping[str, str], memoryview]]:
    """Each part: its headers by their names in small letters, and its bytes, not copied. Raises ``ValueError`` when it is no such body."""
    kind, _, parameter = content_type.partition(";")
    name, _, boundary = parameter.strip().partition("=")
    if kind.strip().lower() != MULTIPART or name.lower() != "boundary" or not boundary:
        raise ValueError(f"{content_type or 'nothing'} is not {MULTIPART}")
    mark, whole, place = b"--" + boundary.strip('"').encode("latin-1"), memoryview(body), 0
    while not body.startswith(mark + b"--", place):
        begin, end = place + len(mark) + 2, body.find(b"\r\n\r\n", place, place + _HEADERS)
        if not body.startswith(mark + b"\r\n", place) or end < 0:
            raise ValueError(f"no part begins at byte {place}")
        headers = _headers(body[begin:end])
        length = headers.get("content-length", "")
        place = end + 4 + (int(length) if length.isascii() and length.isdigit() else len(body))
        if not body.startswith(b"\r\n" + mark, place):
            raise ValueError(f"the part at byte {begin} is longer or shorter than it says")
        yield headers, whole[end + 4 : place]
        place += 2


def _headers(block: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in block.decode("latin-1").split("\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in lines}

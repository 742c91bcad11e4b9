"""The zip of an evidence bundle: written to the same bytes for the same entries, read bounded and strictly."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping, Sequence

from exchange.errors import BundleUnreadable

MANIFEST = "manifest.json"
MAX_BUNDLE = 256 << 20
"""Bytes of the zip, and of all that is in it."""
MAX_ENTRIES = 10_000
MAX_RATIO = 100
"""How many times larger than in the zip an entry may be: a bundle as we write it is not compressed at all."""
_NAME = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9._-]+)*")
_MAX_NAME, _MAX_DEPTH = 200, 6
_LOCAL_HEADER = 30
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
_UNIX = 3


def pack(entries: Mapping[str, bytes]) -> bytes:
    """A zip of these entries in the order of their names, the same bytes for the same entries."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.create_system, info.external_attr = _UNIX, _PLAIN_FILE
            archive.writestr(info, entries[name])
    return out.getvalue()


def looks_like_bundle(data: bytes) -> bool:
    """Whether bytes are meant as a bundle: a zip that names our manifest."""
    return data.startswith(b"PK\x03\x04") and MANIFEST.encode() in data[-(1 << 20) :]


def open_bundle(data: bytes) -> dict[str, bytes]:
    """The entries of the zip. Raises :class:`BundleUnreadable` for anything that could harm, hide or mislead."""
    if len(data) > MAX_BUNDLE:
        raise BundleUnreadable("zip", f"has more than {MAX_BUNDLE} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = [info for info in archive.infolist() if not _is_folder(info)]
            _check_directory(infos, archive, data)
            return {info.filename: _entry(archive, info) for info in infos}
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError, UnicodeError) as error:
        raise BundleUnreadable("zip", f"cannot be read ({error})") from error


def _check_directory(infos: Sequence[zipfile.ZipInfo], archive: zipfile.ZipFile, data: bytes) -> None:
    """What the directory says of every entry, before one is opened."""
    if len(infos) > MAX_ENTRIES:
        raise BundleUnreadable("zip", f"has more than {MAX_ENTRIES} entries")
    if archive.comment:
        raise BundleUnreadable("zip", "has a comment")
    _check_names(infos)
    total, end = 0, 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        _check_entry(info)
        total += info.file_size
        if total > MAX_BUNDLE:
            raise BundleUnreadable("zip", f"holds more than {MAX_BUNDLE} bytes")
        if info.header_offset < end:
            raise BundleUnreadable(info.filename, "lies over another entry")
        end = info.header_offset + _LOCAL_HEADER + len(info.filename) + info.compress_size
    if end > len(data):
        raise BundleUnreadable("zip", "is cut off")


def _is_folder(info: zipfile.ZipInfo) -> bool:
    """An entry that only says that there is a folder, as other tools write them."""
    return info.filename.endswith("/") and info.file_size == info.compress_size == 0 and bool(_NAME.fullmatch(info.filename[:-1]))


def _check_names(infos: Sequence[zipfile.ZipInfo]) -> None:
    """Plain relative names, each once, none both a file and a folder, in any case of letters."""
    seen: set[str] = set()
    folders: set[str] = set()
    for info in infos:
        name = info.orig_filename
        if name != info.filename or len(name) > _MAX_NAME or name.count("/") > _MAX_DEPTH or not _NAME.fullmatch(name):
            raise BundleUnreadable(ascii(name), "is no plain relative file name")
        parts = name.lower().split("/")
        above = {"/".join(parts[:depth]) for depth in range(1, len(parts))}
        if name.lower() in seen | folders or above & seen:
            raise BundleUnreadable(name, "stands in it twice, or as a folder too")
        seen.add(name.lower())
        folders |= above


def _check_entry(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        raise BundleUnreadable(info.filename, "is encrypted, or compressed by another method than deflate")
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        raise BundleUnreadable(info.filename, "is no regular file")
    if info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise BundleUnreadable(info.filename, f"is more than {MAX_RATIO} times as large as in the zip")


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as file:
        found = file.read(info.file_size + 1)
    if len(found) != info.file_size:
        raise BundleUnreadable(info.filename, "is not as long as it says")
    return found

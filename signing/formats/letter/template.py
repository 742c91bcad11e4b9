"""Templates: what all letters of one release share, kept as data under its SHA-256 for as long as one letter of it exists.

A template file is a magic line, one line of JSON tables (character codes, widths, seal outlines, object offsets) and the prefix: the
constant first part of every letter, with the fonts. Its file name is the SHA-256 of its bytes and is checked when it is loaded.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from signing.formats.letter.typeset import Face

MAGIC = b"truc-letter-template\n"
CURRENT = "2074de9c2eec293d514cfeffdfba34a59c19202cb03ae9b85e1b03150c80708c"
"""SHA-256 of the template new letters are written with."""
FACES = ("R", "B", "I", "BI")


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """One template, ready for use. Immutable, shared by every writer and reader of the process (about 0.2 MB)."""

    sha256: bytes
    layout: int
    """Version of the drawing rules the template was made for; see ``page.LAYOUTS``."""
    prefix: bytes
    faces: dict[str, Face]
    outlines: dict[str, tuple[int, bytes]]
    """Seal letters: advance and filled path, on a grid of ``outline_units`` per em."""
    outline_units: int
    xref_head: bytes
    """Cross-reference entries of the free head and the prefix's objects."""
    object_count: int
    """Objects in the prefix; the letter's own begin at the next number."""
    dictionary: bytes
    """What packed letters are deflated against."""
    hash_state: hashlib._Hash
    """SHA-256 after the prefix; only ever copied."""


def parse_template(data: bytes) -> Template:
    """Read a template file's bytes. Raises :class:`ValueError` for anything else."""
    if not data.startswith(MAGIC):
        raise ValueError("not a letter template")
    end = data.index(b"\n", len(MAGIC))
    tables, prefix = json.loads(data[len(MAGIC) : end]), data[end + 1 :]
    codes: str = tables["codes"]
    return Template(
        sha256=hashlib.sha256(data).digest(),
        layout=tables["layout"],
        prefix=prefix,
        faces={name: Face(name, codes, tables["widths"][name]) for name in FACES},
        outlines={char: (advance, path.encode() + b"\nf Q\n") for char, (advance, path) in tables["outlines"].items()},
        outline_units=tables["outline_units"],
        xref_head=b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in tables["offsets"]),
        object_count=len(tables["offsets"]),
        dictionary=base64.b64decode(tables["dictionary"]),
        hash_state=hashlib.sha256(prefix),
    )


def load_template(sha256_hex: str = CURRENT) -> Template:
    """The template of that hash, one object for the process.

    Raises :class:`KeyError` when no release had it, :class:`ValueError` when its file was changed.
    """
    return _load(sha256_hex)


@cache
def _load(sha256_hex: str) -> Template:
    if sha256_hex not in known_templates():
        raise KeyError(f"no letter template {sha256_hex}")
    template = parse_template((files(__package__) / "templates" / f"{sha256_hex}.template").read_bytes())
    if template.sha256.hex() != sha256_hex:
        raise ValueError(f"template file {sha256_hex} does not have its own hash")
    return template


@cache
def known_templates() -> tuple[str, ...]:
    """Hashes of every template of every release, the current one first."""
    names = sorted(
        path.name.removesuffix(".template") for path in (files(__package__) / "templates").iterdir() if path.name.endswith(".template")
    )
    return (CURRENT, *(name for name in names if name != CURRENT))


def template_of(data: bytes) -> Template | None:
    """The template whose prefix ``data`` begins with."""
    for name in known_templates():
        template = load_template(name)
        if data.startswith(template.prefix):
            return template
    return None


@cache
def is_unmistakable(template: Template) -> bool:
    """Whether whatever begins with this template's prefix is of it by :func:`template_of`: no other prefix is its beginning or goes on."""
    others = [other.prefix for name in known_templates() if (other := load_template(name)) is not template]
    return not any(template.prefix.startswith(other) or other.startswith(template.prefix) for other in others)

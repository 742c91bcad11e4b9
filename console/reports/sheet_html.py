"""A sheet as one HTML file: no request to anywhere, readable on paper and in the dark, the answer before everything else."""

from __future__ import annotations

from importlib.resources import files

from console.reports.markup import GENERATOR, Markup, join, table, tag
from console.reports.sheet import Section, Sheet
from console.reports.verify_html import pairs, timeline


def sheet_page(sheet: Sheet) -> str:
    """The whole document."""
    style = "".join(files("console.reports").joinpath(name).read_text("utf-8") for name in ("report.css", "verify.css", "sheet.css"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        GENERATOR,
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{sheet.title} · {sheet.subtitle}"),
        tag("style", Markup(style)),
    )
    parts = [_head(sheet), *(_section(one, sheet.labels) for one in sheet.sections)]
    return f"<!doctype html>\n{tag('html', head, tag('body', tag('main', *parts)), lang=sheet.lang)}\n"


def _head(sheet: Sheet) -> Markup:
    banner = tag(
        "div",
        tag("p", sheet.subtitle, class_="name"),
        tag("h2", tag("span", sheet.word, class_="stamp"), " ", sheet.headline),
        *([pairs(sheet.banner)] if sheet.banner else []),
        class_=f"banner {sheet.verdict}",
    )
    notes = [tag("p", note, class_="caution") for note in sheet.notes]
    return tag("header", tag("h1", sheet.title), banner, pairs(sheet.facts), *notes, class_="sheet")


def _section(one: Section, labels: dict[str, str]) -> Markup:
    parts = [
        *(tag("p", sentence) for sentence in one.sentences),
        *(tag("p", caution, class_="caution") for caution in one.cautions),
        *([pairs(one.pairs)] if one.pairs else []),
        *(table(part.head, part.rows, numbers=part.numbers) for part in one.tables),
        *(join([tag("h4", strip.title), timeline(list(strip.stretches), labels)]) for strip in one.strips),
    ]
    return tag("section", tag("h2", one.title), *parts, class_="part")

"""Pieces of a self-contained HTML page: tables, pictures as data, the style sheet."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

STYLE = """
:root { --ink: #1c1f23; --soft: #5b6470; --line: #d9dde2; --fill: #f5f6f8; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 2rem 1.5rem 4rem; color: var(--ink); background: #fff;
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .7rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
p { margin: .4rem 0; max-width: 52rem; }
.soft, figcaption, dt { color: var(--soft); }
nav { margin: 1rem 0 0; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
dl.facts { display: flex; flex-wrap: wrap; gap: .7rem 2.2rem; margin: 1.1rem 0 0; padding: .9rem 1.1rem; }
dl.facts, pre { background: var(--fill); border-radius: 6px; }
dl.facts dt { font-size: .8rem; } dl.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0 1.6rem; } figure img { max-width: 100%; height: auto; display: block; }
figcaption { font-size: .9rem; margin-top: .3rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { text-align: left; padding: .28rem 1rem .28rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 500; } td.n, th.n { text-align: right; } td.n, th, td:first-child { white-space: nowrap; }
pre { padding: .9rem 1.1rem; overflow-x: auto; font-size: .86rem; line-height: 1.45; }
pre.equations { font-family: "DejaVu Sans Mono", "Cambria Math", ui-monospace, Menlo, Consolas, monospace; font-size: .95rem; }
details { margin: .6rem 0; } summary { cursor: pointer; color: var(--accent); }
.badge { display: inline-block; padding: .05rem .6rem; border-radius: 1rem; font-size: .85rem; background: var(--fill); }
.good { color: #00704f; } .bad { color: #b3400b; font-weight: 600; }
@media print { body { max-width: none; padding: 0; } nav { display: none; } figure, table { break-inside: avoid; } }
"""


def page(title: str, body: str) -> str:
    """The whole page; it refers to nothing outside of itself."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def section(key: str, title: str, *parts: str) -> str:
    """A section with a heading; nothing if it has no content."""
    content = "\n".join(part for part in parts if part)
    return f'<section id="{key}">\n<h2>{escape(title)}</h2>\n{content}\n</section>' if content else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """A table of texts (escaped here; a `Markup` is taken as it is); ``numbers`` are the columns set flush right."""
    right = set(numbers)

    def line(tag: str, cells: Sequence[str]) -> str:
        kinds = [' class="n"' if k in right else "" for k in range(len(cells))]
        return "".join(f"<{tag}{kind}>{markup(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))

    body = "\n".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    header = f"<thead><tr>{line('th', head)}</tr></thead>" if any(head) else ""
    return f'<div class="scroll"><table>{header}<tbody>\n{body}\n</tbody></table></div>' if body else ""


class Markup(str):
    """Text that is HTML already."""


def markup(text: str) -> str:
    """Text made safe, unless it is a `Markup`."""
    return text if isinstance(text, Markup) else escape(str(text))


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A strip of names and values."""
    return '<dl class="facts">' + "".join(f"<div><dt>{escape(k)}</dt><dd>{markup(v)}</dd></div>" for k, v in pairs if v) + "</dl>"


def folded(summary: str, text: str) -> str:
    """Long text behind a line that opens it."""
    return f"<details><summary>{escape(summary)}</summary>\n<pre>{escape(text)}</pre></details>" if text.strip() else ""


def picture(figure: Any, text: str) -> str:
    """A figure of matplotlib as a picture inside the page."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=150, format="png", pil_kwargs={"compress_level": 6})
    return embedded(buffer.getvalue(), text)


def embedded(png: bytes, text: str) -> str:
    """A PNG inside the page, with its caption."""
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(text, quote=True)}"><figcaption>{escape(text)}</figcaption></figure>'
    )

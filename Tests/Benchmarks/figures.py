"""One measured figure, beside its reference and what is to be reached."""

import json
from dataclasses import asdict, dataclass
from typing import Optional


@dataclass
class Figure:
    """`at_least`: how many times the reference; `at_most`: the same from above; `below`: in the figure's own unit."""

    what: str
    ours: Optional[float]
    unit: str = ""
    reference: Optional[float] = None
    against: str = ""
    at_least: Optional[float] = None
    at_most: Optional[float] = None
    below: Optional[float] = None
    errors: Optional[int] = None
    note: str = ""

    @property
    def ratio(self):
        """How many times better than the reference, whichever way the unit goes."""
        if not self.reference or not self.ours:
            return None
        slower_is_more = self.unit in ("ms", "s", "MiB", "bytes")
        return self.reference / self.ours if slower_is_more and self.at_least else self.ours / self.reference

    @property
    def target(self):
        wanted = []
        if self.at_least is not None:
            wanted.append(f"≥ {self.at_least:g}×")
        if self.at_most is not None:
            wanted.append(f"≤ {self.at_most:g}×")
        if self.below is not None:
            wanted.append(f"≤ {self.below:g} {self.unit}")
        if self.errors is not None:
            wanted.append("no error")
        return ", ".join(wanted)

    @property
    def met(self):
        if self.ours is None:
            return None
        return all((
            self.at_least is None or (self.ratio or 0) >= self.at_least,
            self.at_most is None or self.ratio <= self.at_most,
            self.below is None or self.ours <= self.below,
            not self.errors))

    def as_json(self):
        return asdict(self) | {"ratio": self.ratio, "target": self.target, "met": self.met}

    def as_row(self):
        """Cells of the table, for a person and for the README."""
        def number(value):
            return "" if value is None else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"

        ours = f"{number(self.ours)} {self.unit}" if self.ours is not None else "not measured"
        reference = f"{number(self.reference)} ({self.against})" if self.reference is not None else ""
        ratio = f"{self.ratio:.2f}×" if self.ratio is not None else ""
        verdict = {True: "yes", False: "NO", None: "–"}[self.met] + (f", {self.errors} errors" if self.errors else "")
        return [self.what, ours, reference, ratio, self.target, verdict if self.target else "", self.note]


def table(figures):
    """A table in Markdown, aligned for the terminal."""
    rows = [["what", "ours", "reference", "ratio", "target", "reached", "note"], *[figure.as_row() for figure in figures]]
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def save(path, figures, machine):
    path.write_text(json.dumps({"machine": machine, "figures": [figure.as_json() for figure in figures]}, indent=1, ensure_ascii=False) + "\n")

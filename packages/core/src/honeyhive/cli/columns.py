"""Columns that fit a terminal: the flexible ones give way, the last before the others, then the last ones are left out."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from rich.text import Text

GAP: Final = "  "


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A title and one cell a row; with *narrowest* the cells may be cut down to that width."""

    title: str
    cells: Sequence[Text]
    justify: Literal["left", "right"] = "left"
    narrowest: int | None = None

    @property
    def width(self) -> int:
        """What its widest cell needs."""
        return max(len(self.title), *(cell.cell_len for cell in self.cells))

    @property
    def least(self) -> int:
        """What it can do with."""
        return self.width if self.narrowest is None else min(self.narrowest, self.width)


class Grid:
    """Columns side by side in at most *width* cells, as lines of text."""

    def __init__(self, columns: Sequence[Column], width: int) -> None:
        kept = list(columns)
        while len(kept) > 1 and _total(column.least for column in kept) > width:
            kept.pop()
        self._columns = kept
        self._widths = _widths(kept, width)

    def titles(self) -> Text:
        """The line above the first row."""
        cells = (Text(column.title) for column in self._columns)
        return self._joined(cells, style="dim")

    def line(self, row: int) -> Text:
        """One row."""
        return self._joined(column.cells[row] for column in self._columns)

    def _joined(self, cells: Iterable[Text], style: str = "") -> Text:
        fitted: list[Text] = []
        for cell, column, width in zip(cells, self._columns, self._widths, strict=True):
            fixed = cell.copy()
            fixed.truncate(width, overflow="ellipsis")
            fixed.align(column.justify, width)
            fitted.append(fixed)
        return Text(GAP, style=style).join(fitted)


def natural_width(columns: Iterable[Column]) -> int:
    """The width at which no cell is cut."""
    return _total(column.width for column in columns)


def _total(widths: Iterable[int]) -> int:
    listed = list(widths)
    return sum(listed) + len(GAP) * (len(listed) - 1)


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    widths = [column.width for column in columns]
    for index in reversed(range(len(columns))):
        excess = max(0, _total(widths) - width)
        widths[index] -= min(excess, widths[index] - columns[index].least)
    return widths

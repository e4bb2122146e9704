"""A figure, beside what it is compared with and the goal, and the table of them."""
from dataclasses import dataclass


@dataclass
class Figure:
    what: str
    value: float
    unit: str
    other: float = 0       # what people use today, in the same unit; 0: nothing to compare with
    other_name: str = ""
    goal: float = 0        # at most this value; for ratios, see goal_ratio
    goal_ratio: float = 0  # at least so many times better than the other

    def verdict(self):
        if self.goal_ratio:
            return "met" if self.other >= self.goal_ratio * self.value else "missed"
        if self.goal:
            return "met" if self.value <= self.goal else "missed"
        return ""

    def row(self):
        ratio = f"{self.other / self.value:.1f} x" if self.other else ""
        goal = f">= {self.goal_ratio:g} x" if self.goal_ratio else f"<= {self.goal:g} {self.unit}" if self.goal else ""
        other = f"{self.other:.4g} {self.unit} ({self.other_name})" if self.other else ""
        return [self.what, f"{self.value:.3g} {self.unit}", other, ratio, goal, self.verdict()]


def table(figures):
    rows = [["WHAT", "HEDDLE", "TODAY", "RATIO", "GOAL", ""]] + [figure.row() for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)

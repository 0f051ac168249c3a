"""Which genes of a file are modelled: so many of the most variable, all, or those of a list."""

from __future__ import annotations

from .menu import Choice, Entry

FILE = "file"
"""Name of the entry that takes genes from a file."""

_RANKED = "Ranked on one half of the molecules (seurat_v3), and judged on the other."
_GENES = (
    Entry("Automatic", "", "All genes up to 5,000, otherwise the 3,000 most variable ones."),
    Entry("All genes", "all", "Every gene of the file is modelled; slow and large above 10,000."),
    Entry("1,000 most variable", "hvg:1000", _RANKED),
    Entry("3,000 most variable", "hvg:3000", _RANKED),
    Entry("5,000 most variable", "hvg:5000", _RANKED),
    Entry("Names from a file…", FILE, "A text file with one gene per line."),
)


class GeneChoice(Choice):
    """Genes that models learn, and the file that lists them where that is chosen."""

    def __init__(self) -> None:
        super().__init__("Genes that models learn and impute; all others stay in raw.", _GENES)
        self.file = ""

    @property
    def takes_file(self) -> bool:
        """Whether a file is to list them."""
        return self.name == FILE

    @property
    def wanted(self) -> str:
        """What is chosen, as `Session.open` takes it."""
        return self.file.strip() if self.takes_file else self.name

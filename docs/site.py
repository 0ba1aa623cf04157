"""A hook of MkDocs: pages keep the paths that they have in the repository.

So one relative link works in both places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("*.md", "docs/*.md", "experiments/**/*.md")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replace the files of ``docs/`` by the pages, the files they link to, and style sheets."""
    for file in list(files):
        if file.src_dir == config.docs_dir:
            files.remove(file)
    pages = {page for pattern in PAGES for page in ROOT.glob(pattern)}
    styles = set((ROOT / "docs").glob("*.css"))
    for path in sorted(pages.union(styles, *map(linked, pages))):
        source = path.relative_to(ROOT).as_posix()
        files.append(File(source, str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def linked(page: Path) -> Iterator[Path]:
    """The files of the repository that ``page`` links to or shows."""
    for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        path = (page.parent / link).resolve()
        if "://" not in link and path.is_file() and path.is_relative_to(ROOT):
            yield path

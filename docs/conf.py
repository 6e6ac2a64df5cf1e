"""Settings of the docs site, which bash tools/docs.sh builds without a network."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from avspeech.version import __version__  # noqa: E402

project = "avspeech"
author = "the avspeech developers"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"avspeech {__version__}"
html_static_path: list[str] = []
myst_heading_anchors = 3
# Links that lead out of docs/ (to a recipe, a source file) work in the repository and in editors.
suppress_warnings = ["myst.xref_missing"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

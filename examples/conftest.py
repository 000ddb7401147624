"""Tests of the examples find their package without its being installed: a desk started here does not show them."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in sorted(Path(__file__).parent.glob("crm-*")):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

"""How long the tests look. What takes minutes is as large as its name says with SETTLEMENT_DEEP=1: `scripts/deep`."""

from __future__ import annotations

import os

DEEP = bool(os.environ.get("SETTLEMENT_DEEP"))

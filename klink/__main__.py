"""``python -m klink``: the same as the command ``klink``."""

from __future__ import annotations

import sys

from klink.cli import main

sys.exit(main())

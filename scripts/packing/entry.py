"""What the packed program runs."""

from __future__ import annotations

import sys

from klink.cli import main

sys.exit(main())

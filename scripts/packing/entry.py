"""What the packed program runs."""

from __future__ import annotations

import os
import sys

from klink.cli import main

# What a person typed is the one file, not what it has unpacked.
sys.argv[0] = os.environ.pop("KLINK_STARTED_AS", sys.argv[0])
sys.exit(main())

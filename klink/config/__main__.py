"""Print ``config.example.toml`` as the settings in the code describe it."""

from __future__ import annotations

import sys

from klink.config.example import example_toml

if __name__ == "__main__":
    sys.stdout.write(example_toml())

"""What every Flask door shares: who asks, how often, with which body, and what went wrong.

Nothing here knows how a door writes its errors; a door renders them (see ``doors``).
"""

from __future__ import annotations

"""What destinations are refused: by lists of hosts, URLs and patterns, and by how a host looks.

``gate`` is asked about a destination; ``lists`` are the server's own, which live with its
settings, and ``entries`` those that people keep in the database.
"""

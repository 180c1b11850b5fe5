"""The schema's history: forward-only modules ``NNNN_name.py``, each with ``STATEMENTS``.

Statements are written once for both engines; ``{id}`` and ``{without_rowid}`` stand for
what the engines spell differently. A released migration never changes.
"""

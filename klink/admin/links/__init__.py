"""Screens of links: the table, one link, its clicks, versions and QR code."""

"""A week of jobs beside redirects: what ``scripts/simulate-week`` runs."""

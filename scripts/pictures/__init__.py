"""Pictures of every screen of the admin page, over a klink filled with demo data."""

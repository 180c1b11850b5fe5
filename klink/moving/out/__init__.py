"""Moving out: what a workspace has, as files that others can read, and that outlive klink."""

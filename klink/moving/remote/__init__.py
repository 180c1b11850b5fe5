"""Moving in from servers of other products, through the APIs that they publish."""

"""Which reader takes a file."""

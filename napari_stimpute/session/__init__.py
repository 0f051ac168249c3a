"""What is open, running and finished."""

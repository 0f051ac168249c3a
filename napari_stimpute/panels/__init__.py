"""What each tab offers, says and does; no toolkit."""

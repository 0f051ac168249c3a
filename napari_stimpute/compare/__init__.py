"""Methods judged on the same hidden molecules."""

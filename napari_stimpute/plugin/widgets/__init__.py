"""Qt widgets that the tabs share."""

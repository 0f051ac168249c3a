"""The dock with the map of cells."""

"""Search of a model's settings, by hidden molecules and label-free structure."""

"""What the models of dissociated cells share."""

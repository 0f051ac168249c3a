"""What is to be drawn: arrays and colours, without a toolkit."""

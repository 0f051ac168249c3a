"""Work in independent parts, done by several processes of this machine or of a cluster."""

"""Names, labels, digests and ownership of Kubernetes objects; pure, no I/O."""

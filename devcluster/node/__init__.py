"""The own single node: one file per program, each with its rendered configuration and its start."""

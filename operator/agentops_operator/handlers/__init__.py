"""The glue to the watching framework: it lists, watches and holds work back until all is listed. Nothing else is its."""

"""Providers at their own addresses, each with its own paths, credentials, requests, streams and errors."""

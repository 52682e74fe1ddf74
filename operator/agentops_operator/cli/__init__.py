"""The command line: what manifests mean before they are applied, and what is in force after."""

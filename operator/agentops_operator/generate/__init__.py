"""CRDs, permissions and reference pages, all rendered from the kinds: one source, never two hand-kept copies."""

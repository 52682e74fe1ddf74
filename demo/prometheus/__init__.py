"""What Prometheus lacks: it reads rule files once, at its start."""

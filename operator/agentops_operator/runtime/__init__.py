"""Effects: caches fed by watches, the queue, applying and pruning, observing, status, metrics, leader election."""

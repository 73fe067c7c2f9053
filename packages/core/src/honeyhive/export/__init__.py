"""From finished spans to disk and wire: queue, worker, journal, delivery, accounting."""

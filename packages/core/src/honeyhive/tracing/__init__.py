"""Open events, their contexts and sessions, propagation, and the intake of other people's spans."""

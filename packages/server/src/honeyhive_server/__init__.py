"""The local collector, store and dashboard: so far only its name and its place in the workspace."""

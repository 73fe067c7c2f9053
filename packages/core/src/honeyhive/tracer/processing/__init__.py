"""1.x's import path of what belongs to distributed context."""

"""The event record and its wire form: pure functions and data, importing only the standard library and orjson."""

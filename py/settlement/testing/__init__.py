"""For other people's test suites: the pytest plugin."""

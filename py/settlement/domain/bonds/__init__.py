"""Bonds: terms, schedules, interest and registers."""

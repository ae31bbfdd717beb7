"""Pure models and rules: no chain, no clock, no disk."""

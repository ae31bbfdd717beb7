"""The scenario language: what a scenario file may say, how it is read, and how it is run."""

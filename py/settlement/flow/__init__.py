"""Instruct, match, lock, settle, confirm: the steps, and the workflows made of them. Reaches the world through ports."""

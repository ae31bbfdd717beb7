"""Instruct, match, lock, settle, confirm: the steps and what is made of them. Reaches the world through ports."""

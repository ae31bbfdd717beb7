"""What outlives a process: the journal, and the state of the chain that is up."""

"""The only place that knows web3: node, compiler, deployment, transactions, events, revert decoding."""

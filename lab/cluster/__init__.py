"""A cluster of node processes on this machine, with links that can be cut, slowed or made to lose."""

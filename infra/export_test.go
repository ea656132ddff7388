package main

// MaxRunners is how many deployments run at once.
func MaxRunners(l Limits) int { return l.maxRunners() }

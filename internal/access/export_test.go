package access

// CacheSize is how many tokens the checker remembers.
func CacheSize(c *Checker) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.cache)
}

// ThrottleSize is how many buckets the checker remembers for failed sign-ins.
func ThrottleSize(c *Checker) int {
	c.failures.mu.Lock()
	defer c.failures.mu.Unlock()
	return len(c.failures.buckets)
}

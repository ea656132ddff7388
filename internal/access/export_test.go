package access

// CacheSize is how many tokens the checker remembers.
func CacheSize(c *Checker) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.cache)
}

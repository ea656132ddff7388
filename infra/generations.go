package main

import (
	"slices"
	"strconv"
	"strings"

	"waybill/internal/settings"
)

// Generations are the generations of the tables by their names in the stack ("catalog"). A table
// that is not in it has the generation 1.
type Generations map[string]int

// maxGeneration is far above the number of times that a stack is ever restored.
const maxGeneration = 999

// tableParts are the names of the tables in the stack.
var tableParts = []string{"application-deployments", "audit", "catalog", "database-deployments",
	"deliveries", "service-deployments", "token-use", "tokens", "triggers"}

// of returns the generation of a table.
func (g Generations) of(part string) int { return max(g[part], 1) }

// generations reads the option.
func (c *context) generations() Generations {
	text := c.text("generation", "")
	if text == "" {
		return nil
	}
	read := Generations{}
	note := func(part, number string) {
		generation, err := strconv.Atoi(number)
		if err != nil || generation < 1 || generation > maxGeneration || !slices.Contains(tableParts, part) {
			c.refuse("generation=%s: a number from 1 to %d, or one for some of the tables, like "+
				"catalog=2,tokens=3; the tables are %s", text, maxGeneration, strings.Join(tableParts, ", "))
		}
		read[part] = generation
	}
	if !strings.Contains(text, "=") {
		for _, part := range tableParts {
			note(part, text)
		}
		return read
	}
	for _, entry := range settings.List(text) {
		part, number, _ := strings.Cut(entry, "=")
		note(part, number)
	}
	return read
}

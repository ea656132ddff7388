package access

import (
	"slices"
	"strconv"
	"strings"

	"waybill/internal/fault"
)

// Abilities lists every ability, in the order in which people are told them.
func Abilities() []Ability { return []Ability{Root, Read, ReadSensitive, Write, Deploy} }

// ParseAbilities reads a list of abilities from outside: no repeats come out,
// in the order of [Abilities]. Invalid, naming the bad one and listing the
// right ones, if there is an unknown one or none at all.
func ParseAbilities(names []string) ([]Ability, error) {
	var bad []string
	var abilities []Ability
	for _, name := range names {
		ability := Ability(name)
		switch {
		case !slices.Contains(Abilities(), ability):
			bad = append(bad, quote(name))
		case !slices.Contains(abilities, ability):
			abilities = append(abilities, ability)
		}
	}
	invalid := fault.New(fault.Invalid, "Validation failed.")
	if len(bad) > 0 {
		return nil, invalid.WithField("abilities", strings.Join(bad, ", ")+" is no ability; the abilities are "+listing())
	}
	if len(abilities) == 0 {
		return nil, invalid.WithField("abilities", "must have at least one of "+listing())
	}
	slices.SortFunc(abilities, func(a, b Ability) int {
		return slices.Index(Abilities(), a) - slices.Index(Abilities(), b)
	})
	return abilities, nil
}

// Can reports whether the token has the ability, or root.
func (t Token) Can(ability Ability) bool {
	return slices.Contains(t.Abilities, ability) || slices.Contains(t.Abilities, Root)
}

// Require is nil if the token has the ability, and Denied if not.
func (t Token) Require(ability Ability) error {
	if t.Can(ability) {
		return nil
	}
	return fault.New(fault.Denied, "Missing required permissions: %s", ability)
}

// quote shows a name from outside without its control characters, cut short.
func quote(name string) string {
	const longest = 40
	if runes := []rune(name); len(runes) > longest {
		name = string(runes[:longest]) + "…"
	}
	return strconv.Quote(name)
}

func listing() string {
	var names []string
	for _, ability := range Abilities() {
		names = append(names, string(ability))
	}
	return strings.Join(names, ", ")
}

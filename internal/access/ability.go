package access

import (
	"slices"
	"strconv"
	"strings"

	"waybill/internal/fault"
)

// Abilities lists every ability, in the order in which people are told them.
func Abilities() []Ability { return []Ability{Root, Read, ReadSensitive, Write, Deploy} }

// ParseAbilities reads a list of abilities from outside. They come out without
// repeats and in the order of [Abilities]. Invalid, naming each bad one and
// listing the right ones, if one is unknown or there is none at all.
func ParseAbilities(names []string) ([]Ability, error) {
	abilities := make([]Ability, len(names))
	for i, name := range names {
		abilities[i] = Ability(name)
	}
	return check(abilities)
}

func check(abilities []Ability) ([]Ability, error) {
	var bad []string
	for _, ability := range abilities {
		if !slices.Contains(Abilities(), ability) {
			bad = append(bad, shown(string(ability)))
		}
	}
	switch {
	case len(bad) > 0:
		return nil, fault.InvalidField("abilities", "cannot have %s; the abilities are %s", strings.Join(bad, ", "), listing())
	case len(abilities) == 0:
		return nil, fault.InvalidField("abilities", "must have one or more of %s", listing())
	}
	return slices.DeleteFunc(Abilities(), func(a Ability) bool { return !slices.Contains(abilities, a) }), nil
}

// Can reports whether the token has the ability, or root.
func (t Token) Can(ability Ability) bool {
	return slices.Contains(t.Abilities, ability) || slices.Contains(t.Abilities, Root)
}

// Require is nil if the token has the ability, or root, and Denied if not.
func (t Token) Require(ability Ability) error {
	if t.Can(ability) {
		return nil
	}
	return fault.New(fault.Denied, "Missing required permissions: %s", ability)
}

// shown quotes a name from outside, cut short.
func shown(name string) string {
	const longest = 40
	if runes := []rune(name); len(runes) > longest {
		name = string(runes[:longest]) + "…"
	}
	return strconv.Quote(name)
}

func listing() string {
	names := make([]string, 0, len(Abilities()))
	for _, ability := range Abilities() {
		names = append(names, string(ability))
	}
	return strings.Join(names, ", ")
}

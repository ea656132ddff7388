package access

import (
	"slices"
	"strconv"
	"strings"

	"waybill/internal/fault"
)

// Abilities lists every ability, in the order in which messages list them.
func Abilities() []Ability { return []Ability{Root, Read, ReadSensitive, Write, Deploy} }

// ParseAbilities parses a list of abilities from a client. It returns them without
// repeats, in the order of [Abilities]. Invalid, naming the unknown abilities and
// listing the known ones, if one is unknown or the list is empty.
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
		return nil, fault.InvalidField("abilities",
			"cannot have %s; the abilities are %s", strings.Join(bad, ", "), listing())
	case len(abilities) == 0:
		return nil, fault.InvalidField("abilities", "must have one or more of %s", listing())
	}
	return slices.DeleteFunc(Abilities(), func(a Ability) bool { return !slices.Contains(abilities, a) }), nil
}

// Can reports whether the token has the ability, or root.
func (t Token) Can(ability Ability) bool {
	return ability == Any || slices.Contains(t.Abilities, ability) || slices.Contains(t.Abilities, Root)
}

// Require returns Denied unless the token has the ability, or root.
func (t Token) Require(ability Ability) error {
	if t.Can(ability) {
		return nil
	}
	return fault.New(fault.Denied, "Missing required permissions: %s", ability)
}

// shown quotes a client's name for an ability, shortened.
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

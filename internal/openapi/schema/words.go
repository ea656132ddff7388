package schema

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"waybill/internal/fault"
	"waybill/internal/openapi"
)

// problems collects the problems with each field. A text says what a field must
// be. It never has a value, which could be a secret.
type problems map[string][]string

func (p problems) add(field, text string) {
	if !slices.Contains(p[field], text) {
		p[field] = append(p[field], text)
	}
}

// err returns Invalid with the problems, or nil without any.
func (p problems) err() error {
	var wrong fault.FieldErrors
	for _, field := range slices.Sorted(maps.Keys(p)) {
		slices.Sort(p[field])
		for _, text := range p[field] {
			wrong.Add(field, "%s", text)
		}
	}
	return wrong.Err()
}

// collect adds the errors of the schema library. An error that only leads to
// others is left out.
func (p problems) collect(doc node, found *jsonschema.ValidationError) {
	schema := schemaOf(doc, found)
	at := found.InstanceLocation
	switch is := found.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range is.Missing {
			p.add(dotted(at, name), "is required; it "+expectation(schema.get("properties", name)))
		}
	case *kind.AdditionalProperties:
		for _, name := range is.Properties {
			p.add(dotted(at, openapi.FieldName(name)),
				"is not known here; known are "+listing(schema.get("properties")))
		}
	case *kind.Type:
		p.add(dotted(at), mustBe(is.Want)+", not "+article(is))
	case *kind.OneOf:
		p.alternatives(schema, at, is)
	case *kind.UniqueItems:
		p.add(dotted(at),
			fmt.Sprintf("must not repeat anything; numbers %d and %d are the same",
				is.Duplicates[0]+1, is.Duplicates[1]+1))
	case *kind.MaxLength:
		p.add(dotted(at), fmt.Sprintf("%s; this has %d characters", expectation(schema), is.Got))
	case *kind.MaxItems:
		p.add(dotted(at), fmt.Sprintf("%s; this has %d", expectation(schema), is.Got))
	case *tooLarge:
		p.add(dotted(at), fmt.Sprintf("%s; this has %d bytes", expectation(schema), is.got))
	case *kind.AnyOf: // a schema or null: report the errors of the schema
		p.collect(doc, found.Causes[0])
	case *kind.Schema, *kind.Group, *kind.Reference:
		for _, cause := range found.Causes {
			p.collect(doc, cause)
		}
	default:
		p.add(dotted(at), expectation(schema))
	}
}

// alternatives describes a oneOf whose schemas each require one field.
func (p problems) alternatives(schema node, at []string, is *kind.OneOf) {
	var names []string
	for _, one := range schema.get("oneOf").children() {
		names = append(names, one.get("required", "0").text())
	}
	choice := openapi.JoinWords(names, "or")
	if len(is.Subschemas) > 0 {
		p.add(dotted(at, names[0]), "is given in two ways; give either "+choice)
		return
	}
	last := names[len(names)-1]
	text := "is required; give " + choice + ", which " + expectation(schema.get("properties", last))
	if more := schema.get("x-waybill-missing").text(); more != "" {
		text += ". " + more
	}
	p.add(dotted(at, names[0]), text)
}

// schemaOf returns the violated schema.
func schemaOf(doc node, found *jsonschema.ValidationError) node {
	_, fragment, _ := strings.Cut(found.SchemaURL, "#")
	pointer, err := url.PathUnescape(fragment)
	if err != nil || pointer == "" {
		return node{root: doc.root}
	}
	n := node{root: doc.root, value: doc.root}
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		n = n.child(unescape.Replace(token))
	}
	return n
}

// Expectation returns the end of a sentence that says what a value must be, by its
// schema: "must be a whole number from 1 to 100".
func Expectation(schema map[string]any) string {
	return expectation(node{root: schema, value: schema})
}

// expectation returns the end of a sentence that says what a field must be.
func expectation(schema node) string {
	if said := schema.get("x-waybill-expects").text(); said != "" {
		return said
	}
	if allowed := schema.get("enum"); allowed.exists() {
		var names []string
		for _, one := range allowed.children() {
			names = append(names, one.text())
		}
		return "must be " + openapi.JoinWords(names, "or")
	}
	must := mustBe([]string{schema.get("type").text()})
	switch schema.get("type").text() {
	case "string":
		return must + bounds(schema, "minLength", "maxLength", " of ", " characters")
	case "integer":
		return must + bounds(schema, "minimum", "maximum", " from ", "")
	case "array":
		return must + bounds(schema, "minItems", "maxItems", " of ", " entries")
	}
	return must
}

// bounds describes a range: " of 1 to 255 characters", " from 1 to 100". It leaves
// out a bound that only keeps numbers exact in JavaScript.
func bounds(schema node, least, most, before, unit string) string {
	const exact = 1<<53 - 1
	from, hasFrom := schema.get(least).number()
	to, hasTo := schema.get(most).number()
	hasTo = hasTo && to < exact
	switch {
	case hasFrom && hasTo:
		return before + whole(from) + " to " + whole(to) + unit
	case hasFrom:
		return " of at least " + whole(from) + unit
	case hasTo:
		return " of at most " + whole(to) + unit
	}
	return ""
}

func whole(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }

// mustBe describes the types that a schema allows.
func mustBe(types []string) string {
	words := make([]string, 0, len(types))
	for _, name := range types {
		words = append(words, map[string]string{
			"string":  "text",
			"integer": "a whole number",
			"number":  "a number",
			"boolean": "true or false",
			"array":   "a list",
			"object":  "a JSON object",
			"null":    "null",
		}[name])
	}
	return "must be " + openapi.JoinWords(words, "or")
}

// article returns the name of a type with its article, for "not a number".
func article(is *kind.Type) string {
	switch is.Got {
	case "string":
		return "text"
	case "boolean":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "null":
		return "null"
	}
	if slices.Contains(is.Want, "integer") {
		return "a number with a fraction or an exponent"
	}
	return "a number"
}

// dotted writes a place in the body: "environment.0.key", or "body" for the whole.
func dotted(place []string, more ...string) string {
	all := slices.Concat(place, more)
	if len(all) == 0 {
		return "body"
	}
	return strings.Join(all, ".")
}

// listing lists the fields that an object may have and that are not ignored.
func listing(properties node) string {
	var names []string
	fields, _ := properties.value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if properties.get(name, "x-waybill-ignored").value != true {
			names = append(names, name)
		}
	}
	return openapi.JoinWords(names, "and")
}

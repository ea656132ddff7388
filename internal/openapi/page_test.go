package openapi_test

import (
	"bytes"
	"encoding/json"
	"html/template"
	"maps"
	"slices"
	"strings"

	"waybill/internal/openapi/schema"
)

// page is the document as the template of the page shows it.
type page struct {
	Title, Description string
	Groups             []pageGroup
	Refusals           []pageAnswer
	Schemas            []pageSchema
}

// pageGroup has the operations with one tag.
type pageGroup struct {
	Name       string
	Operations []pageOperation
}

type pageOperation struct {
	ID, Method, Path, Summary, Description, Ability string
	Parameters                                      []pageField
	// Body is the value of the request's body, or "" if it takes none.
	Body         template.HTML
	BodyRequired bool
	// Example is a command line.
	Example  string
	Answers  []pageAnswer
	Refusals []pageAnswer
}

// pageField is a parameter of a request, or a field of an object.
type pageField struct {
	Name, In, Meaning string
	Value             template.HTML
	Required          bool
}

// pageAnswer is an answer of one operation, or one that many operations share.
type pageAnswer struct {
	Status, Name, Meaning string
	Values                []template.HTML
}

type pageSchema struct {
	Name, Meaning string
	Value         template.HTML
	Fields        []pageField
}

// generatePage writes the page that shows the document. It is plain HTML: the page needs no
// script, and a browser asks for nothing else.
func generatePage(document map[string]any) ([]byte, error) {
	document, err := decoded(document)
	if err != nil {
		return nil, err
	}
	d := pages{document}
	info := document["info"].(map[string]any)
	shown := page{
		Title: text(info["title"]), Description: text(info["description"]),
		Groups: d.groups(), Refusals: d.refusals(), Schemas: d.schemas(),
	}
	markup, err := template.New("page.gohtml").Funcs(template.FuncMap{"prose": prose}).
		ParseFiles("document/page.gohtml")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = markup.Execute(&b, shown)
	return b.Bytes(), err
}

// pages makes the parts of the page.
type pages struct{ document map[string]any }

// groups returns the operations by their tags, in the order of the document's tags.
func (d pages) groups() []pageGroup {
	var all []pageGroup
	for _, tag := range d.document["tags"].([]any) {
		group := pageGroup{Name: text(tag.(map[string]any)["name"])}
		for _, op := range operations(d.document) {
			if op.object["tags"].([]any)[0] == group.Name {
				group.Operations = append(group.Operations, d.operation(op))
			}
		}
		order := map[string]string{"GET": "1", "POST": "2", "PATCH": "3", "PUT": "4", "DELETE": "5"}
		slices.SortFunc(group.Operations, func(a, b pageOperation) int {
			return strings.Compare(a.Path+" "+order[a.Method], b.Path+" "+order[b.Method])
		})
		all = append(all, group)
	}
	return all
}

func (d pages) operation(op operation) pageOperation {
	shown := pageOperation{
		ID:     text(op.object["operationId"]),
		Method: strings.ToUpper(op.method), Path: prefixOf(d.document, op) + op.path,
		Summary: text(op.object["summary"]), Description: text(op.object["description"]),
		Ability: text(op.object["x-waybill-ability"]),
	}
	for _, declared := range op.parameters(d.document) {
		shown.Parameters = append(shown.Parameters, pageField{
			Name: text(declared["name"]), In: text(declared["in"]), Meaning: text(declared["description"]),
			Value: d.value(declared["schema"].(map[string]any)),
		})
	}
	var example any
	if declared, takes := op.object["requestBody"].(map[string]any); takes {
		declared = follow(d.document, declared)
		content := declared["content"].(map[string]any)["application/json"].(map[string]any)
		shown.Body = d.value(content["schema"].(map[string]any))
		shown.BodyRequired = declared["required"] == true
		example = examplesOf(content)[0]
	}
	shown.Example = commandLine(shown, example)
	responses := op.object["responses"].(map[string]any)
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		declared := responses[status].(map[string]any)
		answer := d.answer(follow(d.document, declared))
		answer.Status = status
		name, isShared := strings.CutPrefix(text(declared["$ref"]), "#/components/responses/")
		if isShared && status >= "400" {
			answer.Name = name
			shown.Refusals = append(shown.Refusals, answer)
			continue
		}
		shown.Answers = append(shown.Answers, answer)
	}
	return shown
}

// commandLine is a call of the operation.
func commandLine(op pageOperation, example any) string {
	line := "curl"
	if op.Method != "GET" {
		line += " -X " + op.Method
	}
	if op.Ability != "" {
		line += ` -H "Authorization: Bearer $WAYBILL_TOKEN"`
	}
	line += ` "$WAYBILL_URL` + op.Path + `"`
	if example != nil {
		body, _ := json.MarshalIndent(example, "", "  ") // it was decoded from JSON
		line += " -d '" + strings.ReplaceAll(string(body), "'", `'\''`) + "'"
	}
	return line
}

func (d pages) answer(declared map[string]any) pageAnswer {
	answer := pageAnswer{Meaning: text(declared["description"])}
	content, _ := declared["content"].(map[string]any)
	for _, kind := range slices.Sorted(maps.Keys(content)) {
		value := d.value(content[kind].(map[string]any)["schema"].(map[string]any))
		if kind != "application/json" {
			value = template.HTML("<code>"+template.HTMLEscapeString(kind)+"</code>: ") + value
		}
		answer.Values = append(answer.Values, value)
	}
	return answer
}

// refusals lists the answers that operations share.
func (d pages) refusals() []pageAnswer {
	shared := d.components("responses")
	var all []pageAnswer
	for _, name := range slices.Sorted(maps.Keys(shared)) {
		answer := d.answer(shared[name].(map[string]any))
		answer.Name = name
		all = append(all, answer)
	}
	return all
}

func (d pages) schemas() []pageSchema {
	declared := d.components("schemas")
	var all []pageSchema
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		object := declared[name].(map[string]any)
		all = append(all, pageSchema{Name: name, Meaning: text(object["description"]),
			Value: d.value(object), Fields: d.fields("", object)})
	}
	return all
}

func (d pages) components(kind string) map[string]any {
	return d.document["components"].(map[string]any)[kind].(map[string]any)
}

// fields lists the fields of an object, and of the objects that are described inside of it.
func (d pages) fields(prefix string, object map[string]any) []pageField {
	if items, is := object["items"].(map[string]any); is {
		return d.fields(prefix+"[].", items)
	}
	properties, _ := object["properties"].(map[string]any)
	required, _ := object["required"].([]any)
	var all []pageField
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		property := properties[name].(map[string]any)
		all = append(all, pageField{
			Name: prefix + name, Value: d.value(property), Meaning: d.meaning(property),
			Required: slices.Contains(required, any(name)),
		})
		below := prefix + name + "."
		if property["items"] != nil {
			below = prefix + name
		}
		all = append(all, d.fields(below, property)...)
	}
	return all
}

// plain reports whether a schema can be put into a few words.
func plain(described map[string]any) bool {
	return described["properties"] == nil && described["items"] == nil && described["anyOf"] == nil
}

// value says which values a schema allows.
func (d pages) value(described map[string]any) template.HTML {
	if name, is := strings.CutPrefix(text(described["$ref"]), "#/components/schemas/"); is {
		if named := follow(d.document, described); plain(named) {
			return d.value(named)
		}
		return template.HTML(`<a href="#schema-` + name + `">` + name + `</a>`)
	}
	if constant := text(described["const"]); constant != "" {
		return template.HTML("<code>" + template.HTMLEscapeString(constant) + "</code>")
	}
	if choices, is := described["anyOf"].([]any); is {
		var values []string
		for _, one := range choices {
			values = append(values, string(d.value(one.(map[string]any))))
		}
		return template.HTML(strings.Join(values, " or "))
	}
	if items, is := described["items"].(map[string]any); is {
		return "a list of " + d.value(items)
	}
	others, is := described["additionalProperties"].(map[string]any)
	if is && described["properties"] == nil {
		return "a JSON object with values that are " + d.value(others)
	}
	expects := strings.TrimPrefix(schema.Expectation(described), "must be ")
	return template.HTML(template.HTMLEscapeString(expects))
}

// meaning returns the description of a field, or of the value that it refers to.
func (d pages) meaning(described map[string]any) string {
	if named := follow(d.document, described); plain(named) {
		return text(named["description"])
	}
	return text(described["description"])
}

// prose shows a text of the document: what is in backticks is code.
func prose(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			b.WriteString("<code>" + template.HTMLEscapeString(part) + "</code>")
		} else {
			b.WriteString(template.HTMLEscapeString(part))
		}
	}
	return template.HTML(b.String())
}

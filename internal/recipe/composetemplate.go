package recipe

import (
	"errors"
	"maps"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/template"
)

// Expand prepares a service whose compose file is in the dialect of Coolify's templates: it
// sets Template, and adds the variables that the file needs and the service lacks. It
// returns what the file uses of the dialect, or nil if the file is plain compose, which
// stays as it is. A file that cannot be read counts as plain; [Check] refuses it. The error
// is Invalid if a part of the dialect has no meaning.
func Expand(input catalog.TemplateInput) (*catalog.TemplateUse, error) {
	service := input.Service
	service.Template = false
	if len(service.Compose) > catalog.MaxComposeBytes {
		return nil, nil
	}
	documents, err := parseYAML(service.Compose)
	if err != nil {
		return nil, nil
	}
	file, err := template.New(documents)
	if err != nil || !file.Used() {
		return nil, nil
	}
	added, err := file.Complete(input)
	if err != nil {
		return nil, err
	}
	use := file.Use()
	if _, err := plainOfTemplate(documents, string(service.ID)); err != nil {
		return nil, err
	}
	service.Template = true
	service.Environment = append(service.Environment[:len(service.Environment):len(service.Environment)],
		added...)
	return &use, nil
}

// plainOfTemplate turns a template into plain compose.
func plainOfTemplate(given documents, uuid string) (plainFile, error) {
	file, err := template.New(given)
	if err != nil {
		return plainFile{}, refuseTemplate(err)
	}
	plain, err := file.Plain(uuid)
	if err != nil {
		return plainFile{}, refuseTemplate(err)
	}
	return plainFile{plain.Text, file.Documents(), plain.Files}, nil
}

// refuseTemplate puts the line into an error about a template.
func refuseTemplate(err error) error {
	if wrong, is := errors.AsType[*template.Error](err); is {
		return refuse(wrong.Line, wrong.Reason)
	}
	return err
}

// satisfied returns the values with a placeholder for each variable that the file demands
// and that has none.
func (d documents) satisfied(values map[string]string) map[string]string {
	all := maps.Clone(values)
	for _, r := range d.references() {
		if strings.HasSuffix(r.operator, "?") && all[r.name] == "" {
			all[r.name] = placeholder
		}
	}
	return all
}

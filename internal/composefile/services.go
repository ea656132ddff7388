package composefile

import "go.yaml.in/yaml/v4"

// Service is a service of a compose file. Its texts are as they are written, with their
// variables.
type Service struct {
	Name  string
	Image string
}

// Services lists the services of a compose file in the order of the file. It returns nil for
// a text that is no compose file.
func Services(text string) []Service {
	var document yaml.Node
	if yaml.Unmarshal([]byte(text), &document) != nil || len(document.Content) == 0 {
		return nil
	}
	var all []Service
	for name, pair := range Members(Child(document.Content[0], "services")) {
		service := Service{Name: name}
		if image := Target(Child(pair[1], "image")); image != nil {
			service.Image = image.Value
		}
		all = append(all, service)
	}
	return all
}

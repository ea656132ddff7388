package wire

import "waybill/internal/catalog"

// TemplateUse says what a compose file uses of the dialect of Coolify's templates.
type TemplateUse struct {
	Variables   []string `json:"variables"`
	Defaults    []string `json:"defaults"`
	Required    []string `json:"required"`
	Volumes     []string `json:"volumes"`
	Files       []string `json:"files"`
	Directories []string `json:"directories"`
	Excluded    []string `json:"excluded"`
	Restarted   []string `json:"restarted"`
}

// FromTemplateUse returns the wire form, or nil for plain compose.
func FromTemplateUse(use *catalog.TemplateUse) *TemplateUse {
	if use == nil {
		return nil
	}
	list := func(names []string) []string { return append([]string{}, names...) }
	return &TemplateUse{
		Variables: list(use.Variables), Defaults: list(use.Defaults), Required: list(use.Required),
		Volumes: list(use.Volumes), Files: list(use.Files), Directories: list(use.Directories),
		Excluded: list(use.Excluded), Restarted: list(use.Restarted),
	}
}

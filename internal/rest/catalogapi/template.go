package catalogapi

import (
	"waybill/internal/catalog"
)

// expand applies the dialect of templates to the compose file of a service. A change that
// leaves the compose file alone does not make a template of a service that was stored as
// plain compose: its variables would get values that its volumes do not know.
func (a catalogAPI) expand(change change, prepared *preparedDraft) error {
	service, is := change.draft.(*catalog.Service)
	if !is {
		return nil
	}
	var former []catalog.Variable
	if before, was := change.present.(*catalog.Service); was {
		if !before.Template && before.Compose == service.Compose {
			return nil
		}
		former = before.Environment
	}
	given := len(service.Environment)
	var err error
	prepared.template, err = a.Expand(catalog.TemplateInput{
		Service: service, Server: prepared.server, Former: former, Secrets: change.stored,
		Now: a.opts.RecordTime(), Random: a.opts.Random,
	})
	if err != nil || prepared.template == nil {
		return err
	}
	for _, v := range service.Environment[given:] {
		if _, was := catalog.FindVariable(former, v.Name); was {
			prepared.warnings = append(prepared.warnings, "environment."+v.Name+
				": is not removed, because the compose file needs it")
		}
	}
	return nil
}

// isTemplate reports whether the resource is a service with a template.
func isTemplate(resource catalog.Deployable) bool {
	service, is := resource.(*catalog.Service)
	return is && service.Template
}

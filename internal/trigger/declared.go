package trigger

import (
	"context"
	"errors"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/composefile"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// declared returns the resources that declare the image or the object. The first rule of a
// resource that matches counts.
func (i *Intake) declared(ctx context.Context, event Event) ([]target, error) {
	var all []target
	resources, err := catalog.Resources(ctx, i.Catalog, func(resource catalog.Deployable) bool {
		_, matched := matching(resource, event)
		return matched
	})
	if err != nil {
		return nil, err
	}
	for _, resource := range resources {
		rule, _ := matching(resource, event)
		target := newTarget(event, resource, deployment.Operation(rule.Does()), deployment.Options{
			PullLatestImages: rule.Options.PullLatestImages, StopBeforeStart: rule.Options.StopBeforeStart,
			Force: rule.Options.Force}, rule.Options.After)
		if event.Image != nil && target.work.Operation.Starts() {
			runs, err := i.image(ctx, resource, *event.Image, &target.work)
			if err != nil {
				return nil, err
			}
			if !runs {
				continue
			}
		}
		all = append(all, target)
	}
	return all, nil
}

// matching returns the first rule of the resource that declares the image or the object.
func matching(resource catalog.Deployable, event Event) (rule catalog.TriggerRule, matched bool) {
	for _, rule := range resource.Shared().Triggers {
		if matches(rule, event) {
			return rule, true
		}
	}
	return catalog.TriggerRule{}, false
}

// matches reports whether the rule declares the image or the object.
func matches(rule catalog.TriggerRule, event Event) bool {
	switch {
	case rule.Kind == catalog.TriggerImage && event.Image != nil:
		return rule.Repository == event.Image.Repository && event.Image.Tag != "" &&
			catalog.MatchTag(rule.Tag, event.Image.Tag)
	case rule.Kind == catalog.TriggerObject && event.Object != nil:
		key := event.Object.Key
		return rule.Bucket == event.Object.Bucket && len(key) >= len(rule.Prefix)+len(rule.Suffix) &&
			strings.HasPrefix(key, rule.Prefix) && strings.HasSuffix(key, rule.Suffix)
	}
	return false
}

// image adds the pushed image to the work, and reports whether the resource runs it. The tag of
// an application becomes the pushed one. A service runs the tags that its compose file names. An
// application that is built may begin with any image.
func (i *Intake) image(ctx context.Context, resource catalog.Deployable, pushed Pushed,
	work *Work) (runs bool, err error) {
	work.Options.ImageDigest = pushed.Digest
	switch resource := resource.(type) {
	case *catalog.Application:
		if resource.Image != nil {
			work.Options.DockerTag, work.Retags = pushed.Tag, true
		}
		return true, nil
	case *catalog.Service:
		work.Options.DockerTag = pushed.Tag
		whole, err := catalog.Find[*catalog.Service](ctx, i.Catalog, resource.ID)
		if errors.Is(err, fault.NotFound) {
			return false, nil
		}
		return err == nil && names(whole, pushed), err
	}
	return false, nil
}

// names reports whether a service of the compose file has the pushed image, with its tag. An
// image without a tag has the tag latest. An image with a digest is never another one.
func names(service *catalog.Service, pushed Pushed) bool {
	for _, one := range composefile.Services(service.Compose) {
		image, ok := catalog.ParseImageReference(expand(one.Image, service.Environment))
		tag := image.Tag
		if tag == "" {
			tag = "latest"
		}
		if ok && image.Path == pushed.Repository && tag == pushed.Tag && image.Digest == "" {
			return true
		}
	}
	return false
}

// expand replaces $NAME, ${NAME}, ${NAME:-default} and ${NAME-default} by the plain variables of
// the resource. Whatever else begins with $ stays, so the text is no image.
func expand(text string, environment []catalog.Variable) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		value, rest, known := variable(after, environment)
		if !known {
			return out.String() + "$" + after
		}
		out.WriteString(value)
		text = rest
	}
}

// variable returns the value of the variable at the beginning of the text, behind its $.
func variable(text string, environment []catalog.Variable) (value, rest string, known bool) {
	name := text
	if inner, isBraced := strings.CutPrefix(text, "{"); isBraced {
		if name, rest, known = strings.Cut(inner, "}"); !known {
			return "", "", false
		}
	} else {
		end := strings.IndexFunc(text, func(r rune) bool { return !isNameRune(r) })
		if end < 0 {
			end = len(text)
		}
		name, rest = text[:end], text[end:]
	}
	name, standard, hasStandard := strings.Cut(name, "-")
	name, evenEmpty := strings.CutSuffix(name, ":")
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isNameRune(r) }) {
		return "", "", false
	}
	if v, found := catalog.FindVariable(environment, name); found {
		if v.Secret {
			return "", "", false
		}
		if v.Value != "" || !evenEmpty {
			return v.Value, rest, true
		}
	}
	return standard, rest, hasStandard
}

func isNameRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

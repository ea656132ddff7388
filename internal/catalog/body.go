package catalog

import "waybill/internal/fault"

// Bounds of a resource. With a head of 4 KB, DynamoDB reads 100 of a list for the price of
// 100; the largest item has 400 KB.
const (
	MaxHeadBytes = 4 << 10
	MaxBodyBytes = 350 << 10
)

// Body is the part of a resource that may be long: its texts and its variables. A [Store]
// keeps it apart from the rest, the head, so that lists never read it.
type Body struct {
	Environment   []Variable
	Previews      []Variable
	SecretDigests map[string]string
	// Compose is the compose file of a service.
	Compose string
	// Shell has the scripts of an application without Docker.
	Shell Shell
	// Dockerfile is the Dockerfile of an application that has it inline.
	Dockerfile string
	// HealthCommand is the command of a container's health check.
	HealthCommand string
	// HostKeys are the ones of an application's repository.
	HostKeys string
	// Configuration, InitScripts and Certificate are files of a database.
	Configuration string
	InitScripts   []InitScript
	Certificate   string
}

// BodyOf returns the body of the resource. It shares lists and maps with the resource.
func BodyOf(resource Deployable) Body {
	shared := resource.Shared()
	body := Body{Environment: shared.Environment, Previews: shared.Previews,
		SecretDigests: shared.SecretDigests}
	switch resource := resource.(type) {
	case *Service:
		body.Compose = resource.Compose
	case *Application:
		if resource.Shell != nil {
			body.Shell = *resource.Shell
		}
		if resource.Inline != nil {
			body.Dockerfile = resource.Inline.Text
		}
		if source := resource.Source(); source != nil {
			body.HostKeys = source.HostKeys
		}
		if container := resource.container(); container != nil {
			body.HealthCommand = container.Health.Command
		}
	case *Database:
		body.HealthCommand = resource.Health.Command
		body.Configuration, body.InitScripts = resource.Configuration, resource.InitScripts
		body.Certificate = resource.Certificate
	}
	return body
}

// SetBody replaces the body of the resource.
func SetBody(resource Deployable, body Body) {
	shared := resource.Shared()
	shared.Environment, shared.Previews = body.Environment, body.Previews
	shared.SecretDigests = body.SecretDigests
	switch resource := resource.(type) {
	case *Service:
		resource.Compose = body.Compose
	case *Application:
		if resource.Shell != nil {
			*resource.Shell = body.Shell
		}
		if resource.Inline != nil {
			resource.Inline.Text = body.Dockerfile
		}
		if source := resource.Source(); source != nil {
			source.HostKeys = body.HostKeys
		}
		if container := resource.container(); container != nil {
			container.Health.Command = body.HealthCommand
		}
	case *Database:
		resource.Health.Command = body.HealthCommand
		resource.Configuration, resource.InitScripts = body.Configuration, body.InitScripts
		resource.Certificate = body.Certificate
	}
}

// container returns the application's one container, or nil.
func (a *Application) container() *Container {
	switch {
	case a.Image != nil:
		return &a.Image.Container
	case a.Dockerfile != nil:
		return &a.Dockerfile.Container
	case a.Inline != nil:
		return &a.Inline.Container
	}
	return nil
}

// Head returns the entity without its body. It is a copy, which shares lists and maps
// with the entity. Only resources have a body.
func Head(entity Entity) Entity {
	var head Deployable
	switch entity := entity.(type) {
	case *Service:
		head = new(*entity)
	case *Database:
		head = new(*entity)
	case *Application:
		head = entity.clone()
	default:
		return entity
	}
	SetBody(head, Body{})
	head.Shared().HeadOnly = true
	return head
}

// CheckWhole is Internal if the entity is a head: a caller read it without its body and
// needs one.
func CheckWhole(entity Entity) error {
	if resource, is := entity.(Deployable); is && resource.Shared().HeadOnly {
		return fault.New(fault.Internal, "%s was read without its body", entity.Common().ID)
	}
	return nil
}

// clone returns a copy of the application and of its build pack.
func (a *Application) clone() *Application {
	clone := new(*a)
	if clone.Shell != nil {
		clone.Shell = new(*clone.Shell)
	}
	if clone.Image != nil {
		clone.Image = new(*clone.Image)
	}
	if clone.Dockerfile != nil {
		clone.Dockerfile = new(*clone.Dockerfile)
	}
	if clone.Inline != nil {
		clone.Inline = new(*clone.Inline)
	}
	if clone.Compose != nil {
		clone.Compose = new(*clone.Compose)
	}
	return clone
}

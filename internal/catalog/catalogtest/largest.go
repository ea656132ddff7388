package catalogtest

import (
	"fmt"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/window"
)

// Largest returns drafts whose fields all have their largest size, by a name. Together, the
// fields of a head are too large; [Fit] makes them smaller.
func Largest() map[string]catalog.Deployable {
	source := catalog.Source{
		Repository: "https://host/" + strings.Repeat("a", 2000), UserName: strings.Repeat("é", 255),
		Password: "hunter22",
		Branch:   strings.Repeat("a", 244), Commit: strings.Repeat("a", 64),
		Directory: "/" + strings.Repeat("a", 1023),
		HostKeys:  strings.Repeat("#", 16<<10),
	}
	script := strings.Repeat(":", catalog.MaxScriptBytes)
	application := func(change func(*catalog.Application)) *catalog.Application {
		a := &catalog.Application{Resource: largestResource()}
		change(a)
		return a
	}
	db := &catalog.Database{Resource: largestResource(), Engine: "postgresql", Container: largestContainer(),
		Configuration: strings.Repeat("#", catalog.MaxConfigurationBytes),
		InitScripts: []catalog.InitScript{{Name: "1.sql",
			Text: strings.Repeat("-", catalog.MaxInitScriptsBytes-len("1.sql"))}}}
	db.Health.Command = ""
	db.Exposes = nil
	db.Environment = db.Environment[:len(db.Environment)-30] // room for the engine's own secrets
	return map[string]catalog.Deployable{
		"shell": application(func(a *catalog.Application) {
			a.Shell = &catalog.Shell{Start: script, Stop: script, Health: script}
		}),
		"dockerimage": application(func(a *catalog.Application) {
			a.Image = &catalog.Image{Name: strings.Repeat("a", 255), Container: largestContainer()}
		}),
		"dockerfile": application(func(a *catalog.Application) {
			a.Dockerfile = &catalog.Dockerfile{Source: source, Container: largestContainer()}
		}),
		"inline": application(func(a *catalog.Application) {
			const from = "FROM a\n"
			a.Inline = &catalog.InlineDockerfile{Container: largestContainer(),
				Text: from + strings.Repeat("#", catalog.MaxDockerfileBytes-len(from))}
		}),
		"dockercompose": application(func(a *catalog.Application) {
			a.Compose = &catalog.ComposeSource{Source: source}
		}),
		"service": &catalog.Service{Resource: largestResource(),
			Compose: strings.Repeat("#", catalog.MaxComposeBytes)},
		"postgresql": db,
	}
}

// Fit makes the field that [catalog.Check] names as the largest one smaller, again and again,
// until Check accepts the draft.
func Fit(t testing.TB, draft catalog.Deployable) {
	t.Helper()
	for {
		fields := fault.Fields(catalog.Check(draft))
		if len(fields) == 0 {
			return
		}
		for field := range fields {
			if !shorten(draft, field) {
				t.Fatalf("Check: %v, want only fields that are too large together", fields)
			}
		}
	}
}

// shorten removes an eighth of the field, and reports whether it knows the field.
func shorten(draft catalog.Deployable, field string) bool {
	source, container := new(catalog.Source), new(catalog.Container)
	switch draft := draft.(type) {
	case *catalog.Application:
		if draft.Source() != nil {
			source = draft.Source()
		}
		switch {
		case draft.Image != nil:
			container = &draft.Image.Container
		case draft.Dockerfile != nil:
			container = &draft.Dockerfile.Container
		case draft.Inline != nil:
			container = &draft.Inline.Container
		}
	case *catalog.Database:
		container = &draft.Container
	}
	switch exposes, mappings := container.Exposes, container.Mappings; field {
	case "ports_exposes":
		container.Exposes = exposes[len(exposes)/8+1:]
		return true
	case "ports_mappings":
		container.Mappings = mappings[len(mappings)/8+1:]
		return true
	case "windows":
		windows := &draft.Shared().Windows
		if len(windows.Freeze) > 0 {
			windows.Freeze = windows.Freeze[1:]
		} else {
			windows.Allow = windows.Allow[1:]
		}
		return true
	}
	text, known := map[string]*string{
		"name": &draft.Shared().Name, "description": &draft.Shared().Description,
		"git_repository": &source.Repository, "base_directory": &source.Directory,
		"git_username": &source.UserName,
	}[field]
	if known {
		runes := []rune(*text)
		*text = string(runes[:len(runes)-len(runes)/8-1])
	}
	return known
}

// largestResource is a resource whose fields all have their largest size.
func largestResource() catalog.Resource {
	resource := catalog.Resource{ServerID: catalog.ID("srv" + strings.Repeat("0", 21))}
	resource.Name = strings.Repeat("é", catalog.MaxNameLength)
	resource.Description = strings.Repeat("\U0001f600", catalog.MaxDescriptionLength)
	for range window.MaxAllow {
		resource.Windows.Allow = append(resource.Windows.Allow, padded("Mo", "UTC", window.MaxAllowBytes))
	}
	for range window.MaxFreezes {
		resource.Windows.Freeze = append(resource.Windows.Freeze, window.Freeze{
			From:   padded("2026-12-24", "UTC", window.MaxMomentBytes),
			To:     padded("2026-12-25", "UTC", window.MaxMomentBytes),
			Reason: strings.Repeat("\U0001f600", window.MaxReason),
		})
	}
	// As many as there may be, half of them secret.
	const half = catalog.MaxVariables / 2
	for i := range half {
		plain := catalog.Variable{Name: fmt.Sprintf("PLAIN_%03d", i)}
		plain.Value = strings.Repeat("x", catalog.MaxEnvironmentBytes/half-len(plain.Name))
		secret := catalog.Variable{Name: fmt.Sprintf("S%02d%s", i, strings.Repeat("N", 40)),
			Value: "hunter22", Secret: true}
		resource.Environment = append(resource.Environment, plain, secret)
	}
	return resource
}

// padded returns the words with spaces between them.
func padded(first, last string, size int) string {
	return first + strings.Repeat(" ", size-len(first)-len(last)) + last
}

func largestContainer() catalog.Container {
	container := catalog.Container{
		Health: catalog.HealthCheck{Command: strings.Repeat(":", catalog.MaxScriptBytes)},
	}
	for i := range catalog.MaxPorts {
		container.Exposes = append(container.Exposes, 60000+i)
		container.Mappings = append(container.Mappings,
			fmt.Sprintf("[2001:db8:1111:2222:3333:4444:5555:6666]:%d:%d/tcp", 60000+i, 60000+i))
	}
	container.Limits = catalog.Limits{CPUSet: strings.Repeat("0,", 127) + "0"}
	return container
}

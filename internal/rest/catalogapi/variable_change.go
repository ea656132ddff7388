package catalogapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// createVariable adds a variable to a resource. Conflict if it has one of that name.
func (a catalogAPI) createVariable(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		given, err := wire.Decode[wire.EnvironmentVariableInput](c.Body)
		if err != nil {
			return rest.Answer{}, err
		}
		return a.setVariable(ctx, c, kind, given, func(r revision, exists bool) (change, error) {
			if exists && !(c.Rerun() && wasSet(r, given)) {
				return change{}, fault.New(fault.Conflict,
					"Environment variable already exists. Use PATCH request to update it.")
			}
			made, err := readVariable(r, given)
			if exists && err == nil {
				made.before, err = withoutVariable(r, given)
			}
			return made, err
		})
	}
}

// wasSet reports whether the variable has the value that the input gives it. Then an
// earlier run of the request may have set it.
func wasSet(r revision, given wire.EnvironmentVariableInput) bool {
	v, _ := catalog.FindVariable(r.present.Shared().Variables(given.Preview()), given.Key)
	value := v.Value
	if v.Secret {
		value = r.stored.Values[catalog.VariableSecret(v.Name, given.Preview())]
	}
	return given.Value != nil && value == *given.Value
}

// updateVariable changes a variable of a resource. NotFound if it has none of that name.
func (a catalogAPI) updateVariable(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		given, err := wire.Decode[wire.EnvironmentVariableInput](c.Body)
		if err != nil {
			return rest.Answer{}, err
		}
		return a.setVariable(ctx, c, kind, given, func(r revision, exists bool) (change, error) {
			if !exists {
				return change{}, newNoVariableError()
			}
			return readVariable(r, given)
		})
	}
}

// setVariable sets one variable. read makes the change, by whether the resource has the
// variable.
func (a catalogAPI) setVariable(
	ctx context.Context, c *rest.Call, kind catalog.Kind, given wire.EnvironmentVariableInput,
	read func(r revision, exists bool) (change, error),
) (rest.Answer, error) {
	made, err := a.update(ctx, c, kind, func(r revision) (change, error) {
		_, exists := catalog.FindVariable(r.present.Shared().Variables(given.Preview()), given.Key)
		return read(r, exists)
	})
	if err != nil {
		names := map[string]string{fieldOf(given): "value", "environment": "value"}
		return rest.Answer{}, renameFields(err, names)
	}
	body := made.variable(c, given)
	change := made.body()
	change.Warnings = append(change.Warnings, warnUnused(given)...)
	reply := rest.Created(wire.Merged{body, change})
	reply.Created, reply.Deployment = []string{body.UUID, string(made.uuid)}, string(made.uuid)
	return reply, nil
}

// updateVariables sets many variables, whether the resource has them or not.
func (a catalogAPI) updateVariables(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		given, err := wire.Decode[struct {
			Data []wire.EnvironmentVariableInput `json:"data"`
		}](c.Body)
		if err != nil {
			return rest.Answer{}, err
		}
		places, names := make([]string, len(given.Data)), map[string]string{"environment": "data"}
		for i, v := range given.Data {
			places[i] = fmt.Sprintf("data.%d.", i)
			names[fieldOf(v)] = places[i] + "value"
		}
		made, err := a.update(ctx, c, kind, func(r revision) (change, error) {
			return readVariables(r, given.Data, places)
		})
		if err != nil {
			return rest.Answer{}, renameFields(err, names)
		}
		reply := rest.Created(made.variables(c, given.Data))
		reply.Deployment = string(made.uuid)
		return reply, nil
	}
}

// deleteVariable removes a variable from a resource.
func (a catalogAPI) deleteVariable(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		made, err := a.update(ctx, c, kind, func(r revision) (change, error) {
			v, preview, err := findVariable(r.present.Shared(), c.Params["env_uuid"])
			if err != nil {
				return change{}, err
			}
			change, err := readChange([]byte("{}"), r.present, r.stored.Values)
			if err == nil {
				change.draft.Shared().RemoveVariable(v.Name, preview)
			}
			return change, err
		})
		if err != nil {
			return rest.Answer{}, err
		}
		body := deleted{"Environment variable deleted.", c.Params["env_uuid"]}
		reply := rest.OK(wire.Merged{body, made.body()})
		reply.Deployment = string(made.uuid)
		return reply, nil
	}
}

// withoutVariable returns the resource as it was before it had the variable.
func withoutVariable(r revision, given wire.EnvironmentVariableInput) (catalog.Deployable, error) {
	before, err := readChange([]byte("{}"), r.present, r.stored.Values)
	if err != nil {
		return nil, err
	}
	before.draft.Shared().RemoveVariable(given.Key, given.Preview())
	return before.draft, nil
}

// readVariable returns the change of a resource that sets the variable.
func readVariable(r revision, given wire.EnvironmentVariableInput) (change, error) {
	return readVariables(r, []wire.EnvironmentVariableInput{given}, []string{""})
}

// readVariables returns the change of a resource that sets the variables. places are what
// the names of their fields begin with in errors.
func readVariables(
	r revision, given []wire.EnvironmentVariableInput, places []string,
) (change, error) {
	change, err := readChange([]byte("{}"), r.present, r.stored.Values)
	if err != nil {
		return change, err
	}
	change.weak = map[string]bool{}
	var wrong fault.FieldErrors
	var cleared []string
	seen := map[string]bool{}
	for i, input := range given {
		preview := input.Preview()
		v, exists := catalog.FindVariable(change.draft.Shared().Variables(preview), input.Key)
		if seen[fieldOf(input)] {
			wrong.Add(places[i]+"key", "is there twice")
		}
		if !exists && input.Value == nil {
			wrong.Add(places[i]+"value", "must be given for a new variable")
		}
		if v, err = input.ApplyTo(v); err != nil {
			for field, problems := range fault.Fields(err) {
				wrong.Add(places[i]+field, "%s", strings.Join(problems, "; "))
			}
			continue
		}
		if v.Secret && input.Value != nil { // even if it is empty, it replaces the stored one
			cleared = append(cleared, catalog.VariableSecret(v.Name, preview))
		}
		seen[fieldOf(input)], change.weak[fieldOf(input)] = true, input.WeakAllowed()
		change.draft.Shared().SetVariable(v, preview)
	}
	change.stored = wire.Without(change.stored, cleared)
	return change, wrong.Err()
}

func fieldOf(given wire.EnvironmentVariableInput) string {
	return catalog.VariableField(given.Key, given.Preview())
}

// renameFields gives the fields of an Invalid their names in the request.
func renameFields(err error, names map[string]string) error {
	fields := fault.Fields(err)
	if !errors.Is(err, fault.Invalid) || len(fields) == 0 {
		return err
	}
	var renamed fault.FieldErrors
	for field, problems := range fields {
		if name, known := names[field]; known {
			field = name
		}
		for _, problem := range problems {
			renamed.Add(field, "%s", problem)
		}
	}
	return renamed.Err()
}

// variable returns a variable of the changed resource.
func (m madeChange) variable(
	c *rest.Call, given wire.EnvironmentVariableInput,
) wire.EnvironmentVariable {
	shared, preview := m.draft.Shared(), given.Preview()
	v, _ := catalog.FindVariable(shared.Variables(preview), given.Key)
	return wire.FromVariable(shared, v, preview, c.Sensitive(), m.secrets)
}

// variables returns the variables that a request has set, each with its warnings. The first
// also has the warnings about the whole resource.
func (m madeChange) variables(c *rest.Call, given []wire.EnvironmentVariableInput) []wire.Merged {
	left := slices.Clone(m.warnings)
	bodies := make([]wire.Merged, len(given))
	for i, input := range slices.Backward(given) {
		change := changeBody{Warnings: warnUnused(input), DeploymentUUID: &m.uuid}
		left = slices.DeleteFunc(left, func(warning string) bool {
			its := i == 0 || strings.HasPrefix(warning, fieldOf(input)+":")
			if its {
				change.Warnings = append(change.Warnings, warning)
			}
			return its
		})
		bodies[i] = wire.Merged{m.variable(c, input), change}
	}
	return bodies
}

// warnUnused warns of what the input says and no deployment heeds.
func warnUnused(given wire.EnvironmentVariableInput) (warnings []string) {
	if given.Preview() {
		warnings = append(warnings, given.Key+
			": is_preview is stored only. Waybill does not deploy pull requests, so nothing uses it")
	}
	if given.IsRuntime != nil && !*given.IsRuntime {
		warnings = append(warnings, given.Key+
			": is_runtime is stored only. Every deployment has the variable")
	}
	return warnings
}

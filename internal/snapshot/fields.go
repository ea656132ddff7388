package snapshot

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/catalog"
)

// field is one field of a resource and its name in a snapshot. Encoding and decoding
// use the same list of fields, so that neither can omit one.
type field struct {
	name string
	// value returns the encoded value, and empty reports whether it is left out.
	value func() any
	empty func() bool
	// read decodes the field, unless it was left out.
	read func(from object) error
}

// as is a field that is encoded without a conversion.
func as[T any](name string, place *T) field {
	return field{name,
		func() any { return *place },
		func() bool { return isEmpty(*place) },
		func(from object) error { return from.get(name, place) }}
}

// via is a field that is converted by out and in.
func via[T, W any](name string, place *T, out func(T) W, in func(W) (T, error)) field {
	return field{name,
		func() any { return out(*place) },
		func() bool { return isEmpty(*place) },
		func(from object) error {
			var written W
			if _, there := from[name]; !there {
				return nil
			}
			if err := from.get(name, &written); err != nil {
				return err
			}
			value, err := in(written)
			*place = value
			return err
		}}
}

// isEmpty reports whether the value is zero or an empty collection.
func isEmpty(value any) bool {
	v := reflect.ValueOf(value)
	if kind := v.Kind(); kind == reflect.Map || kind == reflect.Slice {
		return v.Len() == 0
	}
	return v.IsZero()
}

// The names that code outside the list of fields uses.
const (
	kindName        = "kind"
	buildPackName   = "build_pack"
	engineName      = "engine"
	dockerfileName  = "dockerfile"
	environmentName = "environment"
	digestsName     = "marks"
	scriptsName     = "init_scripts"
)

// fields lists every field of the resource that affects a deployment, except the
// settings of a database, which depend on its engine.
func fields(resource catalog.Deployable) []field {
	r := resource.Shared()
	list := []field{
		via(environmentName, &r.Environment, writeVariables, readVariables),
		as(digestsName, &r.SecretDigests),
		via("timeout", &r.Timeout, seconds, duration),
		via("health_timeout", &r.HealthTimeout, seconds, duration),
	}
	switch resource := resource.(type) {
	case *catalog.Application:
		list = append(list, applicationFields(resource)...)
	case *catalog.Service:
		list = append(list, as("docker_compose", &resource.Compose), as("is_template", &resource.Template))
	case *catalog.Database:
		list = append(list, databaseFields(resource)...)
	}
	return list
}

func applicationFields(a *catalog.Application) []field {
	switch {
	case a.Shell != nil:
		return []field{as("start", &a.Shell.Start), as("stop", &a.Shell.Stop), as("health", &a.Shell.Health)}
	case a.Image != nil:
		return append(containerFields(&a.Image.Container),
			as("docker_registry_image_name", &a.Image.Name), as("docker_registry_image_tag", &a.Image.Tag))
	case a.Dockerfile != nil:
		return append(append(containerFields(&a.Dockerfile.Container), sourceFields(&a.Dockerfile.Source)...),
			as("dockerfile_location", &a.Dockerfile.Path))
	case a.Inline != nil:
		text := as(dockerfileName, &a.Inline.Text)
		text.empty = func() bool { return false } // restore knows the form by it
		return append(containerFields(&a.Inline.Container), text)
	case a.Compose != nil:
		return append(sourceFields(&a.Compose.Source), as("docker_compose_location", &a.Compose.Path))
	}
	return nil
}

// sourceFields omits the password, which only a draft has.
func sourceFields(s *catalog.Source) []field {
	return []field{
		as("git_repository", &s.Repository),
		as("git_branch", &s.Branch),
		as("git_commit_sha", &s.Commit),
		as("base_directory", &s.Directory),
		as("private_key_uuid", &s.KeyID),
		as("git_username", &s.UserName),
		as("git_host_keys", &s.HostKeys),
	}
}

func containerFields(c *catalog.Container) []field {
	return []field{
		via("ports_exposes", &c.Exposes, writePorts, readPorts),
		via("ports_mappings", &c.Mappings, writeList, readList),
		as("limits_memory", &c.Limits.Memory),
		as("limits_memory_swap", &c.Limits.MemorySwap),
		as("limits_memory_reservation", &c.Limits.MemoryReservation),
		as("limits_cpus", &c.Limits.CPUs),
		as("limits_cpuset", &c.Limits.CPUSet),
		as("limits_cpu_shares", &c.Limits.CPUShares),
		via("health_check_enabled", &c.Health.Disabled, negate, disabled),
		as("health_check_command", &c.Health.Command),
		as("health_check_port", &c.Health.Port),
		as("health_check_path", &c.Health.Path),
		as("health_check_interval", &c.Health.IntervalSeconds),
		as("health_check_timeout", &c.Health.TimeoutSeconds),
		as("health_check_retries", &c.Health.Retries),
		as("health_check_start_period", &c.Health.StartPeriodSeconds),
	}
}

// databaseFields omits the TLS key, which only a draft has.
func databaseFields(d *catalog.Database) []field {
	return append(containerFields(&d.Container),
		as(engineName, &d.Engine),
		as("image", &d.Image),
		as("data_folder", &d.DataFolder),
		as(d.ConfigurationField(), &d.Configuration),
		via(scriptsName, &d.InitScripts, writeScripts, readScripts),
		as("public_port", &d.PublicPort),
		as("ssl_mode", &d.TLS),
		as("ssl_certificate", &d.Certificate),
	)
}

// variable is a variable in the API's JSON. The value of a secret one is null.
type variable struct {
	Key    string  `json:"key"`
	Value  *string `json:"value"`
	Secret bool    `json:"is_secret"`
}

// writeVariables sorts the variables, because their order has no meaning.
func writeVariables(variables []catalog.Variable) []variable {
	written := make([]variable, 0, len(variables))
	for _, v := range variables {
		one := variable{Key: v.Name, Secret: v.Secret}
		if !v.Secret {
			one.Value = &v.Value
		}
		written = append(written, one)
	}
	slices.SortStableFunc(written, func(a, b variable) int { return strings.Compare(a.Key, b.Key) })
	return written
}

func readVariables(written []variable) ([]catalog.Variable, error) {
	var variables []catalog.Variable
	for _, v := range written {
		one := catalog.Variable{Name: v.Key, Secret: v.Secret}
		if v.Value != nil {
			one.Value = *v.Value
		} else if !v.Secret {
			return nil, fmt.Errorf("the value of %s was withheld", v.Key)
		}
		variables = append(variables, one)
	}
	return variables, nil
}

// script is an initialising script in the API's JSON.
type script struct {
	Name    string  `json:"name"`
	Content *string `json:"content"`
}

func writeScripts(scripts []catalog.InitScript) []script {
	written := make([]script, 0, len(scripts))
	for _, s := range scripts {
		written = append(written, script{s.Name, &s.Text})
	}
	slices.SortStableFunc(written, func(a, b script) int { return strings.Compare(a.Name, b.Name) })
	return written
}

func readScripts(written []script) ([]catalog.InitScript, error) {
	var scripts []catalog.InitScript
	for _, s := range written {
		if s.Content == nil {
			return nil, fmt.Errorf("the text of %s was withheld", s.Name)
		}
		scripts = append(scripts, catalog.InitScript{Name: s.Name, Text: *s.Content})
	}
	return scripts, nil
}

func writeList(items []string) string { return strings.Join(items, ",") }

func readList(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	return strings.Split(text, ","), nil
}

func writePorts(ports []int) string {
	items := make([]string, len(ports))
	for i, port := range ports {
		items[i] = strconv.Itoa(port)
	}
	return writeList(items)
}

func readPorts(text string) ([]int, error) {
	items, err := readList(text)
	var ports []int
	for _, item := range items {
		port, wrong := strconv.Atoi(item)
		ports, err = append(ports, port), errors.Join(err, wrong)
	}
	return ports, err
}

func seconds(d time.Duration) int { return int(d / time.Second) }

func duration(seconds int) (time.Duration, error) { return time.Duration(seconds) * time.Second, nil }

func negate(off bool) bool { return !off }

func disabled(on bool) (bool, error) { return !on, nil }

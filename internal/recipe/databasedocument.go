package recipe

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"waybill/internal/catalog"
	"waybill/internal/engine"
	"waybill/internal/fault"
)

// Defaults for the health check of a database, in seconds except for the number of
// retries. A new database may take a minute to create its files; failures before that
// do not count.
const (
	healthInterval    = 5
	healthTimeout     = 10
	healthRetries     = 5
	healthStartPeriod = 60
)

// databaseGrace is how long a database may take to write its data to disk when it is
// stopped.
const databaseGrace = types.Duration(time.Minute)

// document is the compose file. It has one container. The container's name, also in the
// network, is the database's uuid.
func (r resolved) document() (*types.Project, error) {
	id, grace := string(r.db.ID), databaseGrace
	service := types.ServiceConfig{Name: id, ContainerName: id, Restart: types.RestartPolicyUnlessStopped}
	service.Image = r.db.Image
	service.Command = r.command()
	service.Environment = types.MappingWithEquals{}
	service.Labels = types.Labels{
		"waybill.resource": id, "waybill.type": "database", "waybill.engine": r.engine.Name,
	}
	service.Networks = map[string]*types.ServiceNetworkConfig{sharedNetwork: nil}
	service.StopGracePeriod = &grace
	service.HealthCheck = r.healthCheck()
	for _, variable := range r.engine.EnvironmentFor(r.db.DataFolder) {
		if value := engine.Fill(variable.Value, r.values); value != "" {
			service.Environment[variable.Name] = &value
		}
	}
	if len(r.variables) > 0 {
		service.EnvFiles = []types.EnvFile{{Path: path.Join(r.control, containerEnvironment), Required: true}}
	}
	volumes := r.mount(&service)
	if err := r.publish(&service); err != nil {
		return nil, err
	}
	if err := bound(&service, r.db.Limits); err != nil {
		return nil, err
	}
	return &types.Project{
		Name:     id,
		Services: types.Services{id: service},
		Networks: types.Networks{sharedNetwork: {Name: sharedNetwork, External: true}},
		Volumes:  volumes,
	}, nil
}

// command is the container's command, or nil if the image's own command is enough.
func (r resolved) command() types.ShellCommand {
	words := slices.Clone(r.engine.Command)
	if r.configured() {
		words = append(words, r.engine.ConfigurationFile.Command...)
	}
	if r.db.TLS != "" {
		words = append(words, r.engine.TLS.Command...)
		words = append(words, r.engine.TLS.ModeCommand[r.db.TLS]...)
	}
	if len(words) == 1 {
		// The program without arguments may be the image's own command, which may have
		// arguments.
		return nil
	}
	return words
}

// mount adds the volumes and files to the container, and returns the volumes. Explicit
// names keep compose from putting its prefix before them.
func (r resolved) mount(service *types.ServiceConfig) types.Volumes {
	volumes := types.Volumes{}
	for _, volume := range r.engine.VolumesFor(r.db.DataFolder) {
		name := volume.Name + "-" + service.Name
		volumes[name] = types.VolumeConfig{Name: name}
		service.Volumes = append(service.Volumes, types.ServiceVolumeConfig{
			Type: types.VolumeTypeVolume, Source: name, Target: volume.Path,
			Volume: &types.ServiceVolumeVolume{}})
	}
	for _, file := range r.files {
		service.Volumes = append(service.Volumes, types.ServiceVolumeConfig{
			Type: types.VolumeTypeBind, Source: r.hostPath(file.Path), Target: file.Path, ReadOnly: true,
			// A missing file is an error. Docker must not create a folder in its place.
			Bind: &types.ServiceVolumeBind{CreateHostPath: false}})
	}
	return volumes
}

func (r resolved) healthCheck() *types.HealthCheckConfig {
	check := r.db.Health
	if check.Disabled {
		return &types.HealthCheckConfig{Disable: true}
	}
	usual := healthInterval
	if r.engine.HealthSeconds > 0 {
		usual = r.engine.HealthSeconds
	}
	retries := uint64(orElse(check.Retries, healthRetries))
	return &types.HealthCheckConfig{
		Test:        types.HealthCheckTest{"CMD", "sh", engine.HealthFile},
		Interval:    seconds(orElse(check.IntervalSeconds, usual)),
		Timeout:     seconds(orElse(check.TimeoutSeconds, healthTimeout)),
		Retries:     &retries,
		StartPeriod: seconds(orElse(check.StartPeriodSeconds, healthStartPeriod)),
	}
}

func orElse(value, otherwise int) int {
	if value == 0 {
		return otherwise
	}
	return value
}

func seconds(n int) *types.Duration {
	duration := types.Duration(time.Duration(n) * time.Second)
	return &duration
}

// publish publishes the engine's port and the other mapped ports.
func (r resolved) publish(service *types.ServiceConfig) error {
	mappings := slices.Clone(r.db.Mappings)
	if r.db.PublicPort != 0 {
		mappings = append(mappings, fmt.Sprintf("%d:%d", r.db.PublicPort, r.engine.PortFor(r.db.TLS)))
	}
	for _, mapping := range mappings {
		ports, err := types.ParsePortConfig(mapping)
		if err != nil {
			return fault.Wrap(err, fault.Invalid, "%q is no mapping of ports", mapping).
				WithField("ports_mappings", "has one that docker does not know")
		}
		service.Ports = append(service.Ports, ports...)
	}
	return nil
}

// bound sets the container's limits for memory and processors.
func bound(service *types.ServiceConfig, limits catalog.Limits) error {
	for _, size := range []struct {
		field, text string
		to          *types.UnitBytes
	}{
		{"limits_memory", limits.Memory, &service.MemLimit},
		{"limits_memory_swap", limits.MemorySwap, &service.MemSwapLimit},
		{"limits_memory_reservation", limits.MemoryReservation, &service.MemReservation},
	} {
		if size.text == "" {
			continue
		}
		if err := size.to.DecodeMapstructure(size.text); err != nil {
			return fault.Wrap(err, fault.Invalid, "%q is no size", size.text).
				WithField(size.field, "must be a size such as 512m")
		}
	}
	if limits.CPUs != "" {
		cpus, err := strconv.ParseFloat(limits.CPUs, 32)
		if err != nil {
			return fault.Wrap(err, fault.Invalid, "%q is no number of processors", limits.CPUs).
				WithField("limits_cpus", "must be a number such as 1.5")
		}
		service.CPUS = float32(cpus)
	}
	service.CPUSet, service.CPUShares = limits.CPUSet, int64(limits.CPUShares)
	return nil
}

package catalog

// Operation is what can be done to a resource.
type Operation string

// The operations.
const (
	Start   Operation = "start"
	Stop    Operation = "stop"
	Restart Operation = "restart"
	Deploy  Operation = "deploy"
	// Delete takes a resource off its server, and then out of the catalog.
	Delete Operation = "delete"
	// Forget takes a resource out of the catalog alone, for when its server is
	// gone for good. It is only recorded.
	Forget Operation = "forget"
	// Update is a change of the configuration. Nothing runs for it; it is only
	// recorded.
	Update Operation = "update"
	// Scrub takes the present secrets out of the logs of earlier deployments. It
	// waits its turn like any other, and leaves the server alone.
	Scrub Operation = "scrub"
)

// OnServer reports whether the operation does anything on the server.
func (o Operation) OnServer() bool { return o != Update && o != Scrub && o != Forget }

// Starts reports whether the resource is to run after the operation.
func (o Operation) Starts() bool { return o == Start || o == Restart || o == Deploy }

// Options are what the one who asks for an operation chooses. Two requests for
// one resource with the same operation and options are the same request.
type Options struct {
	PullLatestImages bool
	StopBeforeStart  bool
	Force            bool
	// DockerTag is the tag of the image to run instead of the configured one.
	DockerTag string
	// Commit is the commit to build instead of the branch's last.
	Commit string
	// Configuration is the hash of an earlier configuration, of which this is a
	// rollback.
	Configuration string
	// DeleteVolumes lets Delete remove the data as well.
	DeleteVolumes bool
}

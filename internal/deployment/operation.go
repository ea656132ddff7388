package deployment

// Operation is an operation on a resource.
type Operation string

// The operations.
const (
	Start   Operation = "start"
	Stop    Operation = "stop"
	Restart Operation = "restart"
	Deploy  Operation = "deploy"
	// Delete removes a resource from its server, and then from the catalog.
	Delete Operation = "delete"
	// Forget removes a resource from the catalog only, for a server that is gone
	// for good. It is only recorded.
	Forget Operation = "forget"
	// Update changes the configuration. It is only recorded; nothing runs.
	Update Operation = "update"
	// Scrub removes the present secrets from the logs of earlier deployments. It
	// waits in the queue like any other operation and does nothing on the server.
	Scrub Operation = "scrub"
)

// OnServer reports whether the operation does anything on the server.
func (o Operation) OnServer() bool { return o != Update && o != Scrub && o != Forget }

// Starts reports whether the resource runs after the operation.
func (o Operation) Starts() bool { return o == Start || o == Restart || o == Deploy }

// Options are the options of a request. Two requests for one resource with the
// same operation and options are the same request.
type Options struct {
	PullLatestImages bool
	StopBeforeStart  bool
	Force            bool
	// DockerTag is the tag of the image to run instead of the configured one.
	DockerTag string
	// ImageDigest is the digest that the tag had when its push started the deployment
	// ("sha256:…"), or "".
	ImageDigest string
	// Commit is the commit to build instead of the last one of the branch.
	Commit string
	// Configuration is the hash of the earlier configuration that a rollback
	// restores. It is "" for all other requests.
	Configuration string
	// DeleteVolumes makes Delete remove the data as well.
	DeleteVolumes bool
}

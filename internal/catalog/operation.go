package catalog

// Operation is what can be done to a resource.
type Operation string

// The operations.
const (
	Start   Operation = "start"
	Stop    Operation = "stop"
	Restart Operation = "restart"
	Deploy  Operation = "deploy"
)

// Options are what the one who asks for an operation chooses. Two requests for
// one resource with the same operation and options are the same request.
type Options struct {
	PullLatestImages bool
	StopBeforeStart  bool
	Force            bool
}

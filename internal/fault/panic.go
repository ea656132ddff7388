package fault

import (
	"fmt"
	"runtime"
)

// PanicText describes a recovered panic for the operator's log: the runtime's
// message, such as "index out of range", or only the type of any other value. A
// value could hold user input or a secret.
func PanicText(value any) string {
	if err, ok := value.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("a value of type %T", value)
}

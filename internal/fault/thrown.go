package fault

import (
	"fmt"
	"runtime"
)

// Thrown says what a panic threw: the runtime's own words, such as "index out
// of range", or else only the type. A value might hold anything, what a user
// sent included, and this ends in the operator's log.
func Thrown(value any) string {
	if err, ok := value.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("a value of type %T", value)
}

package rest

import (
	"net/url"
	"strconv"

	"waybill/internal/fault"
)

// The values of a query have passed openapi.yaml; these only read them.

// Flag reports whether a boolean parameter is set.
func Flag(query url.Values, name string) bool {
	on, err := strconv.ParseBool(query.Get(name))
	return err == nil && on
}

// Number reads an integer parameter, or returns the default where it is absent.
func Number(query url.Values, name string, otherwise int) (int, error) {
	text := query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	value, err := strconv.Atoi(text)
	if err != nil {
		return 0, fault.InvalidField(name, "must be an integer")
	}
	return value, nil
}

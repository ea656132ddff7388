package rest

import (
	"net/url"
	"strconv"

	"waybill/internal/fault"
)

// The gate has checked the values of a query by openapi.yaml; these parse them.

// Flag reports whether a boolean parameter is set.
func Flag(query url.Values, name string) bool {
	on, err := strconv.ParseBool(query.Get(name))
	return err == nil && on
}

// Number returns an integer parameter, or absent if the query does not have it.
func Number(query url.Values, name string, absent int) (int, error) {
	text := query.Get(name)
	if text == "" {
		return absent, nil
	}
	value, err := strconv.Atoi(text)
	if err != nil {
		return 0, fault.InvalidField(name, "must be an integer")
	}
	return value, nil
}

package plainjson_test

import (
	"testing"

	"waybill/internal/plainjson"
)

func TestEncode(t *testing.T) {
	got, err := plainjson.Encode(map[string]string{"a": `<b> & "c"`})
	if want := `{"a":"<b> & \"c\""}`; err != nil || string(got) != want {
		t.Errorf("Encode = %s, %v; want %s", got, err, want)
	}
	if _, err := plainjson.Encode(func() {}); err == nil {
		t.Error("Encode of a function succeeded")
	}
}

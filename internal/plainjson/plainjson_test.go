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

// FuzzSize holds the size to the text that Encode writes.
func FuzzSize(f *testing.F) {
	var all []byte
	for b := range 256 {
		all = append(all, byte(b))
	}
	for _, seed := range []string{string(all), "\u2028\u2029\ufffd\u2027é€😀", "\xe2\x80", `"\<&>`, ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		encoded, err := plainjson.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := plainjson.Size([]byte(text)), len(encoded)-2; got != want {
			t.Errorf("Size of %q = %d, want %d", text, got, want)
		}
	})
}

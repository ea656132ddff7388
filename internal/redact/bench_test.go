package redact_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"waybill/internal/redact"
)

// logText is a few MiB that look like a deployment's output, with a secret
// about every 256 KiB.
func logText(secrets []redact.Secret) []byte {
	random := rand.New(rand.NewPCG(7, 7))
	var out bytes.Buffer
	for i := 0; out.Len() < 4<<20; i++ {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&out, " %x Downloading [=====>      ] %d.%dMB/%dMB\r", random.Uint64(), i%90, i%10, 100)
		case 1:
			fmt.Fprintf(&out, "web-1  | 2026-01-02T03:04:05Z INFO request id=%016x path=/api/v1/things status=200\n", random.Uint64())
		case 2:
			fmt.Fprintf(&out, "{\"level\":\"info\",\"msg\":\"listening\",\"port\":%d,\"digest\":\"sha256:%x\"}\n", i%65536, random.Uint64())
		default:
			fmt.Fprintf(&out, "\x1b[32m#%d [build %d/9] RUN apk add --no-cache ca-certificates tzdata\x1b[0m\n", i, i%9)
		}
		if len(secrets) > 0 && i%3500 == 3499 {
			out.WriteString("token=" + secrets[i%len(secrets)].Value + "\n")
		}
	}
	return out.Bytes()
}

func manySecrets(n int) (out []redact.Secret) {
	random := rand.New(rand.NewPCG(3, 3))
	for i := range n {
		out = append(out, redact.Secret{Name: fmt.Sprint("SECRET_", i), Value: fmt.Sprintf("%016x%016x", random.Uint64(), random.Uint64())})
	}
	return out
}

// BenchmarkStream compares the stream with a plain copy of the same bytes.
func BenchmarkStream(b *testing.B) {
	text := logText(manySecrets(200))
	run := func(name string, size int, write func(p []byte)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				for p := text; len(p) > 0; p = p[min(size, len(p)):] {
					write(p[:min(size, len(p))])
				}
			}
		})
	}
	sink := make([]byte, 0, 64<<10)
	run("copy", 32<<10, func(p []byte) { sink = append(sink[:0], p...) })
	for _, secrets := range []int{1, 20, 200} {
		s := redact.NewMatcher(manySecrets(secrets)).Stream(func(p []byte, _ int) { sink = append(sink[:0], p...) })
		run(fmt.Sprintf("secrets=%d", secrets), 32<<10, s.Write)
		run(fmt.Sprintf("secrets=%d/lines", secrets), 76, s.Write)
	}
}

// BenchmarkWorst is text of nothing but beginnings of secrets.
func BenchmarkWorst(b *testing.B) {
	text := bytes.Repeat([]byte("a"), 1<<20)
	m, _ := redact.Literal("aaaa", string(text[:4000])+"b", string(text[:300])+"c")
	s := m.Stream(func([]byte, int) {})
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Write(text)
	}
}

// BenchmarkNewMatcher is what each attempt pays once.
func BenchmarkNewMatcher(b *testing.B) {
	secrets := append(manySecrets(50), redact.Secret{Name: "KEY", Value: key})
	b.ReportAllocs()
	for b.Loop() {
		redact.NewMatcher(secrets)
	}
}
